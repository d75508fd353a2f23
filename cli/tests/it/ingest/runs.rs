//! Runs: what they keep and compare, how they stand, and what is refused.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{CONFIG, ingest, ingest_from, zoo};
use crate::sandbox::Sandbox;

#[test]
fn the_fake_adapter_makes_a_unit_of_each_folder() {
    let sandbox = zoo();
    sandbox.write("export/a/one.txt", "1");
    sandbox.write("export/a/deep/two.txt", "2");
    sandbox.write("export/b/three.txt", "3");
    sandbox.write("export/top.txt", "not in a folder");
    let run = ingest("fake", &["--source-dir", "export"]);
    assert_snapshot!(sandbox.run(&run), @r"
    $ ktx dev ingest run --connection-id wh --adapter fake --source-dir export
    Report: raw-sources/wh/fake/[SYNC]/ingest-report.json
    Run: [RUN]
    Job: [RUN]
    Status: done
    Adapter: fake
    Connection: wh
    Sync: [SYNC]
    Diff: +3/~0/-0/=0
    Work units: 2
    Provenance rows: 3
    --- exit 0
    ");
    sandbox.write("export/a/one.txt", "changed");
    fs_err::remove_file(sandbox.project().join("export/b/three.txt")).expect("removes");
    let second = sandbox.run(&[&run[..], &["--json"]].concat()).succeeds().json();
    assert_eq!(
        second["diff"],
        json!({"added": 0, "modified": 1, "deleted": 1, "unchanged": 1})
    );
    assert_eq!(second["workUnits"][0]["status"], "done");
    let third = sandbox.run(&[&run[..], &["--json"]].concat()).succeeds().json();
    assert_eq!(
        (&third["syncId"], &third["workUnits"][0]["status"]),
        (&second["syncId"], &json!("unchanged"))
    );
    assert!(!sandbox.exists(&format!(
        ".ktx/cache/local-ingest/{}",
        third["runId"].as_str().expect("an id")
    )));
    let status = sandbox
        .run(&["dev", "ingest", "status", "--json"])
        .succeeds()
        .json();
    assert_eq!(status, third, "the latest run");
    let first = sandbox
        .run(&[
            "dev",
            "ingest",
            "status",
            second["runId"].as_str().expect("an id"),
        ])
        .succeeds();
    assert!(first.stdout().contains("Diff: +0/~1/-1/=1\n"), "{first}");
}

#[test]
fn a_run_can_be_watched_and_gone_through_again() {
    let sandbox = zoo();
    sandbox.write("export/a/one.txt", "1");
    sandbox.write("export/b/two.txt", "2");
    sandbox.write("export/b/three.txt", "3");
    let report = sandbox
        .run(&ingest("fake", &["--source-dir", "export", "--json"]))
        .succeeds()
        .json();
    let id = report["runId"].as_str().expect("an id");
    assert_snapshot!(sandbox.run(&["dev", "ingest", "replay"]), @r"
    $ ktx dev ingest replay
    done	fake-a	1 file
    done	fake-b	2 files
    --- exit 0
    ");
    let replay = sandbox
        .run(&["dev", "ingest", "replay", id, "--json"])
        .succeeds()
        .json();
    assert_eq!(replay["events"], report["workUnits"]);
    let file = report["reportPath"].as_str().expect("a path");
    for command in ["status", "watch", "replay"] {
        let of_file = sandbox
            .run(&["dev", "ingest", command, "--report-file", file])
            .succeeds();
        assert_eq!(
            of_file.stdout(),
            sandbox.run(&["dev", "ingest", command, id]).succeeds().stdout()
        );
        let unknown = sandbox.run(&["dev", "ingest", command, "nope"]);
        assert_eq!(
            unknown.stderr(),
            "Local ingest run or report \"nope\" was not found\n"
        );
    }
    let plain = sandbox.run(&["dev", "ingest", "status", "--viz"]).succeeds();
    assert_eq!(
        plain.stderr(),
        "Visualization requested but stdout is not an interactive terminal; printing plain output.\n"
    );

    let kept = "create table kept as select * from runs; update runs set status = 'running', report = null";
    sandbox.database(".ktx/db.sqlite", kept);
    let early = sandbox.run(&["dev", "ingest", "status", id]);
    assert_eq!(
        early.stderr(),
        format!("failed to read the report of `{id}`: it is still running\n")
    );
    let mut watch = sandbox.process(&["dev", "ingest", "watch", id, "--json"]);
    let watch = watch
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    std::thread::sleep(std::time::Duration::from_millis(300));
    sandbox.database(
        ".ktx/db.sqlite",
        "update runs set (status, report) = (select status, report from kept where kept.id = runs.id)",
    );
    let watched = watch.wait_with_output().expect("ends");
    let watched: Value = serde_json::from_slice(&watched.stdout).expect("json");
    assert_eq!(watched, report);
}

#[test]
fn a_run_that_failed_is_known_as_failed() {
    let sandbox = zoo();
    let missing = sandbox.run(&ingest("fake", &["--source-dir", "gone"]));
    assert_eq!(missing.output.status.code(), Some(1), "{missing}");
    let state = rusqlite::Connection::open(sandbox.project().join(".ktx/db.sqlite")).expect("opens");
    let status: String = state
        .query_row("select status from runs", [], |row| row.get(0))
        .expect("one run");
    assert_eq!(status, "error");
}

#[test]
fn live_database_keeps_the_snapshot_and_the_shards() {
    let sandbox = zoo();
    assert_snapshot!(sandbox.run(&["ingest", "wh"]), @r"
    $ ktx ingest wh
    Report: raw-sources/wh/live-database/[SYNC]/ingest-report.json
    Run: [RUN]
    Job: [RUN]
    Status: done
    Adapter: live-database
    Connection: wh
    Sync: [SYNC]
    Diff: +4/~0/-0/=0
    Work units: 2
    Provenance rows: 2
    --- exit 0
    ");
    assert!(sandbox.exists("semantic-layer/wh/_schema/public.yaml"));
    sandbox.database("zoo.db", "alter table pets add column name text");
    let report = sandbox
        .run(&[&ingest("live-database", &[])[..], &["--json"]].concat())
        .succeeds()
        .json();
    assert_eq!(
        report["diff"],
        json!({"added": 0, "modified": 1, "deleted": 0, "unchanged": 3}),
        "every raw file counts: two tables, the connection and the foreign keys"
    );
    let units: Vec<(&Value, &Value)> = report["workUnits"]
        .as_array()
        .expect("units")
        .iter()
        .map(|unit| (&unit["key"], &unit["status"]))
        .collect();
    assert_eq!(
        units,
        [
            (&json!("live-database-owners"), &json!("unchanged")),
            (&json!("live-database-pets"), &json!("done"))
        ]
    );
}

#[test]
fn one_connection_that_fails_does_not_stop_the_others() {
    let sandbox = zoo();
    let transcript = sandbox.run(&["ingest", "--all"]);
    assert_eq!(transcript.output.status.code(), Some(1));
    assert!(transcript.stdout().contains("Connection: wh\n"), "{transcript}");
    assert!(
        transcript
            .stderr()
            .starts_with("pg: failed to read `connections.pg.url`"),
        "{transcript}"
    );
}

#[test]
fn what_cannot_be_ingested_is_refused_in_order() {
    let sandbox = zoo();
    assert_snapshot!(sandbox.run(&["dev", "ingest", "status"]), @r"
    $ ktx dev ingest status
    --- stderr
    No local ingest reports were found. Run `ktx ingest --all` first.
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["dev", "ingest", "status", "nope"]), @r#"
    $ ktx dev ingest status nope
    --- stderr
    Local ingest run or report "nope" was not found
    --- exit 1
    "#);
    for (config, arguments, told) in [
        (
            "",
            ["nope", "fake"],
            "Connection \"nope\" is not configured in ktx.yaml\nhint: ",
        ),
        (
            "ingest: {adapters: [looker]}",
            ["wh", "fake"],
            "Adapter \"fake\" is not enabled in ktx.yaml\nhint: ",
        ),
        (
            "ingest: {adapters: [metabase]}",
            ["wh", "metabase"],
            "Adapter \"metabase\" is not available for local ingest\nhint: ",
        ),
        (
            "",
            ["wh", "historic-sql"],
            "Adapter \"historic-sql\" is not available for local ingest\nhint: it needs a postgres connection",
        ),
        (
            "",
            ["wh", "looker"],
            "Adapter \"looker\" needs a folder to read\nhint: pass it with --source-dir\n",
        ),
        (
            "",
            ["wh", "fake"],
            "Adapter \"fake\" needs a folder to read\nhint: pass it with --source-dir\n",
        ),
    ] {
        let sandbox = Sandbox::with_config(&format!("{CONFIG}{config}\n"));
        let [connection, adapter] = arguments;
        let transcript = sandbox.run(&ingest_from(connection, adapter, &[]));
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(transcript.stderr().starts_with(told), "{transcript}");
    }
    let report_file = sandbox.run(&ingest("fake", &["--report-file", "x"]));
    assert!(
        report_file
            .stderr()
            .starts_with("--report-file is only supported for ingest status/watch\n"),
        "{report_file}"
    );
    let missing = sandbox.run(&ingest("fake", &["--source-dir", "gone"]));
    assert!(missing.stderr().contains("it is not a folder"), "{missing}");
    let both = sandbox.run(&ingest("fake", &["--yes", "--no-input"]));
    assert_eq!(
        both.stderr(),
        "Choose only one runtime install mode: --yes or --no-input\n"
    );
}
