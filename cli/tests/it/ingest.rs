//! `ktx dev ingest` and `ktx ingest`: every adapter on local data, what is compared, and what one bad item costs.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, python};

const CONFIG: &str = "project: zoo
connections:
  wh: {driver: sqlite, path: zoo.db, readonly: true}
  pg:
    driver: postgres
    url: env:NO_SUCH_URL
    readonly: true
    historicSql: {enabled: true, dialect: postgres, redactionPatterns: ['secret_[a-z]+'], serviceAccountUserPatterns: [^etl]}
";

fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database(
        "zoo.db",
        "create table pets (id integer primary key); create table owners (id integer primary key)",
    );
    sandbox
}

fn ingest<'a>(adapter: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let connection = if adapter == "historic-sql" { "pg" } else { "wh" };
    [
        &[
            "dev",
            "ingest",
            "run",
            "--connection-id",
            connection,
            "--adapter",
            adapter,
        ],
        more,
    ]
    .concat()
}

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
    Diff: +2/~0/-0/=0
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
        json!({"added": 0, "modified": 1, "deleted": 0, "unchanged": 1})
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
        let transcript = sandbox.run(&[
            "dev",
            "ingest",
            "run",
            "--connection-id",
            connection,
            "--adapter",
            adapter,
        ]);
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

#[test]
fn looker_reads_views_and_the_tables_of_explores() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(zoo());
    sandbox.write(
        "look/views/pets.view.lkml",
        "view: pets { sql_table_name: zoo.pets ;; dimension: id { primary_key: yes type: number sql: ${TABLE}.id ;; } measure: n { type: count } }\nview: base { extension: required }\n",
    );
    sandbox.write(
        "look/explores/zoo.pets.json",
        r#"{"name": "pets", "sql_table_name": "zoo.pets", "joins": [
        {"name": "owners", "sql_table_name": "(select 1)"}, {"name": "plain"}]}"#,
    );
    sandbox.write("look/explores/zoo.torn.json", "{");
    let run = ingest("looker", &["--source-dir", "look", "--json"]);
    let report = sandbox.run(&run).succeeds().json();
    assert_eq!(
        report["warnings"],
        json!([
            "explore_invalid:zoo.torn",
            "view_skipped:base: abstract base view (extension: required)"
        ])
    );
    let units: Vec<&str> = report["workUnits"]
        .as_array()
        .expect("units")
        .iter()
        .filter_map(|unit| unit["key"].as_str())
        .collect();
    assert_eq!(units, ["looker-explore-zoo.pets", "looker-view-pets"]);
    let explore = format!(
        "raw-sources/wh/looker/{}/explores/zoo.pets.json",
        report["syncId"].as_str().expect("an id")
    );
    let explore: Value = serde_json::from_str(&sandbox.read(&explore)).expect("json");
    assert_snapshot!(serde_json::to_string_pretty(&explore["tableIdentifiers"]).expect("json"), @r#"
    {
      "zoo.pets": {
        "canonicalTable": "zoo.pets",
        "catalog": null,
        "name": "pets",
        "ok": true,
        "schema": "zoo"
      },
      "zoo.pets.owners": {
        "ok": false,
        "reason": "derived_table_not_supported"
      }
    }
    "#);
}

#[test]
fn a_parser_that_cannot_be_reached_costs_the_items_and_not_the_run() {
    let sandbox = zoo().variable("KTX_DAEMON_URL", "http://127.0.0.1:9");
    sandbox.write("look/explores/zoo.pets.json", r#"{"sql_table_name": "zoo.pets"}"#);
    let report = sandbox
        .run(&ingest("looker", &["--source-dir", "look", "--json"]))
        .succeeds()
        .json();
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .starts_with("table_identifiers_failed:"),
        "{report}"
    );
    assert_eq!(report["workUnits"][0]["status"], "done");
}

#[test]
fn history_becomes_templates_with_counts_since_the_last_run() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(zoo());
    let export = |calls: u32| {
        format!(
            r#"{{"queryid": 1, "query": "select * from zoo.pets where id = $1", "calls": {calls}, "total_exec_time": 9.5, "rows": 7, "usename": "ann"}}
{{"queryid": "2", "query": "select * from zoo.pets where id = 7", "calls": 5, "total_exec_time": 1, "rows": 1}}
{{"queryid": 3, "query": "select secret_token from zoo.owners", "calls": 50, "total_exec_time": 3, "rows": 1, "usename": "bo"}}
{{"queryid": 4, "query": "select from from where", "calls": 50, "total_exec_time": 2, "rows": 1}}
{{"queryid": 5, "query": "select 1", "calls": 4, "total_exec_time": 2, "rows": 1}}
{{"queryid": 6, "query": "select 2 from zoo.pets", "calls": 400, "total_exec_time": 2, "rows": 1, "usename": "etl_nightly"}}
no row at all
"#
        )
    };
    sandbox.write("history/day.jsonl", export(20));
    let run = ingest("historic-sql", &["--source-dir", "history", "--json"]);
    let first = sandbox.run(&run).succeeds().json();
    assert_eq!(
        first["warnings"],
        json!(["row_invalid:day.jsonl:7", "analysis_failed:4"])
    );
    let sync = format!(
        "raw-sources/pg/historic-sql/{}",
        first["syncId"].as_str().expect("an id")
    );
    let templates: Vec<String> = first["workUnits"]
        .as_array()
        .expect("units")
        .iter()
        .map(|unit| {
            sandbox.read(&format!(
                "{sync}/{}",
                unit["rawFiles"][0].as_str().expect("a file")
            ))
        })
        .collect();
    let of_owners = templates
        .iter()
        .find(|text| text.contains("zoo.owners"))
        .expect("a template");
    assert!(
        of_owners.contains("[REDACTED]") && !of_owners.contains("secret_token"),
        "{of_owners}"
    );
    let since = |report: &Value| -> Vec<f64> {
        let sync = format!(
            "raw-sources/pg/historic-sql/{}",
            report["syncId"].as_str().expect("an id")
        );
        let manifest: Value =
            serde_json::from_str(&sandbox.read(&format!("{sync}/manifest.json"))).expect("json");
        let mut counts: Vec<f64> = manifest["templates"]
            .as_array()
            .expect("templates")
            .iter()
            .filter_map(|t| t["callsSinceLastRun"].as_f64())
            .collect();
        counts.sort_by(f64::total_cmp);
        counts
    };
    assert_eq!(
        since(&first).iter().sum::<f64>(),
        75.0,
        "everything is new at first"
    );
    let again = sandbox.run(&run).succeeds().json();
    assert_eq!(
        (&again["syncId"], since(&again).iter().sum::<f64>()),
        (&first["syncId"], 0.0)
    );
    sandbox.write("history/day.jsonl", export(30));
    let later = sandbox.run(&run).succeeds().json();
    assert_eq!(since(&later).iter().sum::<f64>(), 10.0);
    assert_eq!(later["diff"]["modified"], 1);
}

#[test]
fn an_analysis_service_that_cannot_be_reached_ends_the_run() {
    for variable in ["KTX_SQL_ANALYSIS_URL", "KTX_DAEMON_URL"] {
        let sandbox = zoo().variable(variable, "http://127.0.0.1:9");
        sandbox.write(
            "history/day.jsonl",
            r#"{"queryid": 1, "query": "select 1", "calls": 9}"#,
        );
        let transcript = sandbox.run(&ingest("historic-sql", &["--source-dir", "history"]));
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(!sandbox.exists("raw-sources"), "nothing half done is left");
    }
}
