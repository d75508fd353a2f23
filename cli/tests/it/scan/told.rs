//! What a scan says, and what it refuses.

use insta::assert_snapshot;

use super::zoo;
use crate::sandbox::Sandbox;

fn run_id(sandbox: &Sandbox) -> String {
    let report = sandbox.run(&["dev", "scan", "wh", "--json"]).succeeds().json();
    report["runId"].as_str().expect("a run id").to_owned()
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
