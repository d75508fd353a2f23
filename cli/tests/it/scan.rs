//! `ktx dev scan` over SQLite: what it says, writes, keeps and refuses.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

const CONFIG: &str = "project: zoo\nconnections:\n  wh: {driver: sqlite, path: zoo.db, readonly: true}\n";

const TABLES: &str = "
create table owners (id integer primary key, name text not null, joined_at timestamp);
create table pets (
    id integer primary key, owner_id integer references owners (id), vet_id integer, weight numeric(5, 2), tame boolean
);
create table vets (id integer primary key, name text);
insert into owners (id, name) values (1, 'Ann'), (2, 'Bo');
insert into vets (id, name) values (10, 'Cy'), (11, 'Di');
insert into pets (id, owner_id, vet_id) values (1, 1, 10), (2, 1, 11), (3, 2, 10);
create view heavy as select * from pets where weight > 10;
";

fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database("zoo.db", TABLES);
    sandbox
}

fn run_id(sandbox: &Sandbox) -> String {
    let report = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    report["runId"].as_str().expect("a run id").to_owned()
}

#[test]
fn a_scan_writes_a_shard_and_a_snapshot_and_says_what_changed() {
    let sandbox = zoo();
    assert_snapshot!(sandbox.run(&["dev", "scan", "wh"]), @r"
    $ ktx dev scan wh
    KTX scan completed
    Status: done
    Run: [RUN]
    Connection: wh
    Mode: structural
    Sync: [SYNC]
    Dry run: no

    What changed
      Semantic layer comparison found 3 changes across 3 tables
      New tables: 3
      Changed tables: 0
      Removed tables: 0
      Unchanged tables: 0

    Needs attention
      None

    Artifacts
      Report: raw-sources/wh/live-database/[SYNC]/scan-report.json
      Raw sources: raw-sources/wh/live-database/[SYNC]
      Schema shards: 1

    Next:
      ktx dev scan status --project-dir [PROJECT] [RUN]
      ktx dev scan report --project-dir [PROJECT] [RUN]
    --- exit 0
    ");
    assert_snapshot!(sandbox.read("semantic-layer/wh/_schema/public.yaml"), @r#"
    tables:
      owners:
        table: owners
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: name
            type: string
            nullable: false
          - name: joined_at
            type: time
        joins:
          - to: pets
            "on": owners.id = pets.owner_id
            relationship: one_to_many
            source: formal
      pets:
        table: pets
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: owner_id
            type: number
          - name: vet_id
            type: number
          - name: weight
            type: number
          - name: tame
            type: boolean
        joins:
          - to: owners
            "on": pets.owner_id = owners.id
            relationship: many_to_one
            source: formal
      vets:
        table: vets
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: name
            type: string
    "#);
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    wh	owners	columns=3	measures=0	joins=1
    wh	pets	columns=5	measures=0	joins=1
    wh	vets	columns=2	measures=0	joins=0
    --- exit 0
    ");
}

#[test]
fn an_unchanged_rescan_reuses_the_sync_and_a_changed_one_tells_the_change() {
    let sandbox = zoo();
    let first = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    let second = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_eq!(first["syncId"], second["syncId"]);
    assert_ne!(first["runId"], second["runId"]);
    assert_eq!(first["artifactPaths"], second["artifactPaths"]);
    assert_eq!(
        (&first["manifestShardsWritten"], &second["manifestShardsWritten"]),
        (&1.into(), &0.into())
    );
    sandbox.database(
        "zoo.db",
        "alter table vets add column city text; drop table pets; create table toys (id integer)",
    );
    let third = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_ne!(first["syncId"], third["syncId"]);
    assert_snapshot!(third["diffSummary"], @r#"{"columnsAdded":2,"columnsDeleted":5,"columnsModified":0,"tablesAdded":1,"tablesDeleted":1,"tablesModified":1,"tablesUnchanged":1}"#);
    assert_snapshot!(third["warnings"], @r#"[{"code":"table_removed","message":"the warehouse no longer has this table","recoverable":true,"table":"pets"}]"#);
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    let sandbox = zoo();
    assert_snapshot!(sandbox.run(&["dev", "scan", "wh", "--dry-run"]), @r"
    $ ktx dev scan wh --dry-run
    KTX scan completed
    Status: done
    Run: [RUN]
    Connection: wh
    Mode: structural
    Sync: [SYNC]
    Dry run: yes

    What changed
      Semantic layer comparison found 3 changes across 3 tables
      New tables: 3
      Changed tables: 0
      Removed tables: 0
      Unchanged tables: 0

    Needs attention
      None

    Artifacts
      Report: none
      Raw sources: none
      Schema shards: 1
    --- exit 0
    ");
    for path in [".ktx", "raw-sources", "semantic-layer"] {
        assert!(!sandbox.exists(path), "{path}");
    }
}

#[test]
fn what_people_wrote_into_a_shard_stays() {
    let sandbox = zoo();
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let shard = sandbox.read("semantic-layer/wh/_schema/public.yaml");
    let edited = shard
        .replace("  owners:\n    table: owners\n", "  owners:\n    table: owners\n    descriptions: {user: who pays}\n    reviewed_by: Ann\n")
        .replace("  vets:\n    table: vets\n", "  vets:\n    table: vets\n    joins:\n      - {to: pets, on: vets.id = pets.vet_id, relationship: one_to_many}\n      - {to: pets, on: vets.gone = pets.vet_id, relationship: one_to_many}\n");
    assert_ne!(shard, edited);
    sandbox.write("semantic-layer/wh/_schema/public.yaml", &edited);
    sandbox.database("zoo.db", "alter table vets add column city text");
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    assert_snapshot!(sandbox.read("semantic-layer/wh/_schema/public.yaml"), @r#"
    tables:
      owners:
        table: owners
        descriptions:
          user: who pays
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: name
            type: string
            nullable: false
          - name: joined_at
            type: time
        joins:
          - to: pets
            "on": owners.id = pets.owner_id
            relationship: one_to_many
            source: formal
        reviewed_by: Ann
      pets:
        table: pets
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: owner_id
            type: number
          - name: vet_id
            type: number
          - name: weight
            type: number
          - name: tame
            type: boolean
        joins:
          - to: owners
            "on": pets.owner_id = owners.id
            relationship: many_to_one
            source: formal
      vets:
        table: vets
        columns:
          - name: id
            type: number
            pk: true
            nullable: false
          - name: name
            type: string
          - name: city
            type: string
        joins:
          - to: pets
            "on": vets.id = pets.vet_id
            relationship: one_to_many
            source: manual
    "#);
}

#[test]
fn a_shard_that_cannot_be_read_is_left_alone_and_named() {
    let sandbox = zoo();
    sandbox.write("semantic-layer/wh/_schema/public.yaml", "tables: [mine\n");
    let report = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_snapshot!(report["warnings"][0]["message"], @r#""semantic-layer/wh/_schema/public.yaml was left as it is: line 1, column 9: unclosed bracket '['""#);
    assert_eq!(
        sandbox.read("semantic-layer/wh/_schema/public.yaml"),
        "tables: [mine\n"
    );
}

#[test]
fn joins_that_no_key_declares_are_found_with_their_evidence() {
    let sandbox = zoo();
    let report = sandbox
        .run(&["dev", "scan", "wh", "--detect-relationships", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        report["relationships"],
        serde_json::json!({"accepted": 1, "review": 0, "rejected": 0, "skipped": 0})
    );
    let artifact = report["artifactPaths"]["enrichmentArtifacts"][0]
        .as_str()
        .expect("an artifact");
    assert_snapshot!(sandbox.read(artifact), @r#"
    [
      {
        "fromTable": "pets",
        "fromColumn": "vet_id",
        "toTable": "vets",
        "toColumn": "id",
        "score": 1.0,
        "decision": "accepted",
        "evidence": {
          "name": "`vet_id` names `vets`",
          "types": "integer and integer",
          "sampledValues": 2,
          "matchedValues": 2
        }
      }
    ]
    "#);
    let shard = sandbox.read("semantic-layer/wh/_schema/public.yaml");
    assert!(
        shard.contains(
            "\"on\": pets.vet_id = vets.id\n        relationship: many_to_one\n        source: inferred"
        ),
        "{shard}"
    );

    sandbox.database("zoo.db", "update pets set vet_id = vet_id + 100");
    let report = sandbox
        .run(&["dev", "scan", "wh", "--detect-relationships", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        report["relationships"]["accepted"], 0,
        "values that match nothing speak against a join"
    );
}

#[test]
fn status_and_report_know_the_runs_of_this_project() {
    let sandbox = zoo();
    let run = run_id(&sandbox);
    assert_snapshot!(sandbox.run(&["dev", "scan", "status", &run]), @r"
    $ ktx dev scan status [RUN]
    Run: [RUN]
    Status: done
    Connection: wh
    Mode: structural
    Sync: [SYNC]
    Progress: 100%
    Report: raw-sources/wh/live-database/[SYNC]/scan-report.json
    --- exit 0
    ");
    let report = sandbox.run(&["dev", "scan", "report", &run]).succeeds();
    assert!(report.stdout().starts_with("KTX scan report\n"), "{report}");
    let json = sandbox.run(&["dev", "scan", "report", &run, "--json"]).json();
    let path = json["artifactPaths"]["reportPath"].as_str().expect("a path");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&sandbox.read(path)).expect("json"),
        json
    );
    assert_snapshot!(sandbox.run(&["dev", "scan", "status", "nope"]), @r#"
    $ ktx dev scan status nope
    --- stderr
    Scan run "nope" was not found
    hint: `ktx dev scan <connection>` prints the id of each run; dry runs are not kept
    --- exit 1
    "#);
    assert_snapshot!(sandbox.run(&["dev", "scan", "report", "nope"]), @r#"
    $ ktx dev scan report nope
    --- stderr
    Scan report "nope" was not found
    hint: `ktx dev scan <connection>` prints the id of each run; dry runs are not kept
    --- exit 1
    "#);
}

#[test]
fn what_cannot_be_scanned_is_refused_in_a_sentence() {
    for (config, told) in [
        (
            "ingest: {adapters: [fake]}",
            "Adapter \"live-database\" is not enabled in ktx.yaml\nhint: ",
        ),
        (
            "connections: {}",
            "Connection \"wh\" is not configured in ktx.yaml\nhint: ",
        ),
        (
            "connections: {wh: {driver: sqlite, path: zoo.db}}",
            "connections.wh.readonly: true.\nhint: ",
        ),
        (
            "connections: {wh: {driver: oracle, readonly: true}}",
            "cannot run driver \"oracle\".\nhint: ",
        ),
        (
            "connections: {wh: {driver: sqlite, readonly: true}}",
            "neither `path` nor `url`\nhint: ",
        ),
        (
            "connections: {wh: {driver: sqlite, path: gone.db, readonly: true}}",
            "gone.db`: no such file\nhint: ",
        ),
        (
            "connections: {wh: {driver: sqlite, path: ktx.yaml, readonly: true}}",
            "ktx.yaml`: file is not a database\nhint: ",
        ),
        (
            "connections: {wh: {driver: sqlite, path: 'env:NO_SUCH', readonly: true}}",
            "`NO_SUCH` is not set\nhint: ",
        ),
    ] {
        let sandbox = Sandbox::with_config(&format!("project: zoo\n{config}\n"));
        let transcript = sandbox.run(&["dev", "scan", "wh"]);
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(transcript.stderr().contains(told), "{config}\n{transcript}");
        assert!(transcript.stdout().is_empty(), "{transcript}");
    }
    let usage = zoo().run(&["dev", "scan"]);
    assert_eq!(usage.output.status.code(), Some(1));
    assert!(
        usage
            .stderr()
            .ends_with("ktx dev scan requires <connectionId> or a subcommand\n"),
        "{usage}"
    );
}

#[test]
fn a_locked_database_is_told_from_a_broken_one() {
    let sandbox = zoo();
    let writer = rusqlite::Connection::open(sandbox.project().join("zoo.db")).expect("opens");
    writer
        .execute_batch("pragma locking_mode = exclusive; begin exclusive; create table z (a)")
        .expect("locks");
    let transcript = sandbox.run(&["connection", "test", "wh"]);
    assert_snapshot!(transcript, @r"
    $ ktx connection test wh
    --- stderr
    failed to open `[PROJECT]/zoo.db`: database is locked
    hint: another program holds it locked; run the command again when it is done
    --- exit 1
    ");
    drop(writer);
    assert_snapshot!(sandbox.run(&["connection", "test", "wh"]), @r"
    $ ktx connection test wh
    wh: ok, 3 tables (sqlite)
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["connection", "test", "--json"]), @r#"
    $ ktx connection test --json
    {
      "id": "wh",
      "connectionType": "sqlite",
      "ok": true,
      "tableCount": 3,
      "message": "Connected to wh: 3 tables",
      "warnings": []
    }
    --- exit 0
    "#);
    assert_snapshot!(sandbox.run(&["connection", "list"]), @r"
    $ ktx connection list
    wh	sqlite
    --- exit 0
    ");
}

#[test]
fn two_scans_at_once_both_finish() {
    let sandbox = zoo();
    let started: Vec<_> = (0..3)
        .map(|_| {
            sandbox
                .command(&["dev", "scan", "wh", "--json"])
                .stdout(std::process::Stdio::piped())
                .spawn()
        })
        .collect();
    for child in started {
        let output = child.expect("starts").wait_with_output().expect("ends");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(
        sandbox
            .read("semantic-layer/wh/_schema/public.yaml")
            .starts_with("tables:\n")
    );
}

#[test]
fn a_thousand_tables_are_scanned_in_seconds() {
    let sandbox = Sandbox::with_config(CONFIG);
    let tables: String = (0..1000).fold(String::new(), |sql, n| {
        sql + &format!(
            "create table t{n} (id integer primary key, a text, b numeric, t_id integer references t0 (id));"
        )
    });
    sandbox.database("zoo.db", &format!("begin; {tables} commit;"));
    let start = std::time::Instant::now();
    let report = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    let took = start.elapsed();
    assert_eq!(report["diffSummary"]["tablesAdded"], 1000);
    // Two seconds is what the shipped build may take; this one is not optimised and shares the machine with other tests.
    let budget = if cfg!(debug_assertions) { 10_000 } else { 2_000 };
    assert!(took.as_millis() < budget, "took {took:?}");
}

/// In a mount namespace of its own, so that nothing is left mounted however the test ends.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_up_costs_the_scan_and_nothing_else() {
    let may_mount = std::process::Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        crate::sandbox::python::skip("no permission to mount a small disk");
        return;
    }
    let sandbox = Sandbox::new();
    let database = sandbox.root().join("zoo.db").display().to_string();
    rusqlite::Connection::open(&database)
        .and_then(|zoo| zoo.execute_batch(TABLES))
        .expect("a database");
    let script = format!(
        r#"set -e
        mount -t tmpfs -o size=1m none .
        cd "$PWD"
        printf 'project: zoo\nconnections:\n  wh: {{driver: sqlite, path: "{database}", readonly: true}}\n' > ktx.yaml
        "$KTX" dev scan wh > /dev/null
        before=$(cat semantic-layer/wh/_schema/public.yaml raw-sources/wh/live-database/*/scan-report.json | cksum)
        mv "$SECOND" "{database}"
        dd if=/dev/zero of=filler bs=1k 2> /dev/null || true
        if "$KTX" dev scan wh > /dev/null 2> /dev/shm/ktx-full-$$; then echo "the full disk went unnoticed"; exit 1; fi
        cat /dev/shm/ktx-full-$$; rm /dev/shm/ktx-full-$$
        after=$(cat semantic-layer/wh/_schema/public.yaml raw-sources/wh/live-database/*/scan-report.json | cksum)
        test "$before" = "$after" || echo "something was lost"
        rm filler
        "$KTX" dev scan wh | grep 'New tables'
        "#
    );
    let second = sandbox.root().join("second.db");
    let more: String = (0..40)
        .map(|n| format!("create table t{n} (id integer primary key, a text, b text);"))
        .collect();
    rusqlite::Connection::open(&second)
        .and_then(|zoo| zoo.execute_batch(&format!("{TABLES}{more}")))
        .expect("a database");
    let mut command = std::process::Command::new("unshare");
    let output = sandbox
        .environment_of(command.args(["-m", "sh", "-c", &script]))
        .env("KTX", env!("CARGO_BIN_EXE_ktx"))
        .env("SECOND", second)
        .current_dir(sandbox.project())
        .output()
        .expect("starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains(
            "hint: make room on the disk and run the command again; nothing that was there is lost"
        ),
        "{said}"
    );
    assert!(said.ends_with("New tables: 40\n"), "{said}");
    assert!(!said.contains("something was lost"), "{said}");
}
