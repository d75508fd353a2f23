//! What a scan writes, and what it keeps of what is there.

use insta::assert_snapshot;

use super::zoo;

/// The lines that only one of two texts has, with the sign of a diff in front.
fn line_difference(before: &str, after: &str) -> String {
    let difference = similar::TextDiff::from_lines(before, after);
    let changes = difference
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal);
    changes
        .map(|change| format!("{}{}", change.tag(), change.value()))
        .collect()
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
fn what_people_wrote_into_a_shard_stays() {
    let sandbox = zoo();
    let path = "semantic-layer/wh/_schema/public.yaml";
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let shard = sandbox.read(path);
    let edited = format!("# Reviewed in May.\n{shard}# The end.\n")
        .replace("  owners:\n    table: owners\n", "  # Who pays.\n  owners:   # people\n    table: owners\n    descriptions: {user: who pays}\n    reviewed_by: Ann\n")
        .replace("      - name: owner_id\n        type: number\n", "      # Never null in fact.\n      - {name: owner_id, type: number} # the payer\n")
        .replace("  vets:\n    table: vets\n", "\n  vets:\n    table: vets\n    joins:\n      # Ann's.\n      - {to: pets, on: vets.id = pets.vet_id, relationship: one_to_many}\n      - {to: pets, on: vets.gone = pets.vet_id, relationship: one_to_many}\n");
    assert_ne!(shard, edited);
    sandbox.write(path, &edited);
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let kept = sandbox.read(path);
    let gone = "      - {to: pets, on: vets.gone = pets.vet_id, relationship: one_to_many}\n";
    assert_eq!(
        kept,
        edited.replace(gone, ""),
        "only the join without its column goes"
    );
    sandbox.database(
        "zoo.db",
        "alter table vets add column city text; alter table pets drop column tame;
         create table toys (id integer primary key, pet_id integer references pets (id))",
    );
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let changed = sandbox.read(path);
    let difference = line_difference(&kept, &changed);
    assert_snapshot!(difference, @r#"
    -      - name: tame
    -        type: boolean
    +      - to: toys
    +        "on": pets.id = toys.pet_id
    +        relationship: one_to_many
    +        source: formal
    +  toys:
    +    table: toys
    +    columns:
    +      - name: id
    +        type: number
    +        pk: true
    +        nullable: false
    +      - name: pet_id
    +        type: number
    +    joins:
    +      - to: pets
    +        "on": toys.pet_id = pets.id
    +        relationship: many_to_one
    +        source: formal
    +      - name: city
    +        type: string
    "#);
    let again = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_eq!(again["manifestShardsWritten"], 0);
}

#[test]
fn columns_and_joins_keep_the_order_that_somebody_gave_them() {
    let sandbox = zoo();
    let path = "semantic-layer/wh/_schema/public.yaml";
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let join = "      - to: owners\n        \"on\": pets.owner_id = owners.id\n        relationship: many_to_one\n        source: formal\n";
    let own = "      - {to: vets, on: pets.vet_id = vets.id, relationship: many_to_one}\n";
    let tame = "      - name: tame\n        type: boolean\n";
    let first = "      - name: id\n        type: number\n        pk: true\n        nullable: false\n      - name: owner_id\n";
    let ordered = sandbox
        .read(path)
        .replace(join, &format!("{own}{join}"))
        .replace(tame, "")
        .replace(first, &format!("{tame}{first}"));
    sandbox.write(path, &ordered);
    let report = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_eq!(report["manifestShardsWritten"], 0, "nothing is to be changed");
    sandbox.database("zoo.db", "alter table pets add column born date");
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    assert_snapshot!(line_difference(&ordered, &sandbox.read(path)), @r"
    +      - name: born
    +        type: time
    ");
}

#[test]
fn a_shard_whose_layout_cannot_be_changed_in_place_is_written_anew() {
    let sandbox = zoo();
    let path = "semantic-layer/wh/_schema/public.yaml";
    sandbox.write(
        path,
        "tables:\n  pets: &table\n    table: pets\n    descriptions: {db: old}\n    columns: [{name: id, type: string}]\n  vets:\n    <<: *table\n    table: vets\n",
    );
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let shard = sandbox.read(path);
    assert!(
        !shard.contains('&') && shard.contains("    table: vets\n"),
        "{shard}"
    );
    let again = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    assert_eq!(again["manifestShardsWritten"], 0);
}

#[test]
fn a_key_of_several_columns_is_one_join() {
    let sandbox = zoo();
    sandbox.database(
        "zoo.db",
        "create table plan (dept text, mon text, primary key (dept, mon));
         create table spend (id integer primary key, dept text, mon text, other_dept text, other_mon text,
             foreign key (dept, mon) references Plan, foreign key (other_dept, other_mon) references plan (dept, mon))",
    );
    let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
    let spend = sandbox.run(&["sl", "read", "spend"]).succeeds().stdout();
    let on: Vec<&str> = spend
        .lines()
        .filter(|line| line.contains("\"on\":"))
        .map(str::trim)
        .collect();
    assert_eq!(
        on,
        [
            "\"on\": spend.other_dept = plan.dept AND spend.other_mon = plan.mon",
            "\"on\": spend.dept = plan.dept AND spend.mon = plan.mon"
        ]
    );
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

    sandbox.database(
        "zoo.db",
        "update pets set vet_id = vet_id + 100 where vet_id = 10",
    );
    for (settings, accepted, review) in [
        ("", 0, 1),
        ("scan: {relationships: {acceptThreshold: 0.8}}", 1, 0),
        ("scan: {relationships: {review_threshold: 0.81}}", 0, 0),
    ] {
        sandbox.write("ktx.yaml", format!("{}{settings}\n", super::CONFIG));
        let report = sandbox
            .run(&["dev", "scan", "wh", "--mode", "relationships", "--json"])
            .succeeds()
            .json();
        let counts = &report["relationships"];
        assert_eq!(
            (&counts["accepted"], &counts["review"]),
            (&accepted.into(), &review.into()),
            "{settings}"
        );
    }
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
