//! The `looker` adapter: LookML, explores, and the tables that they mean.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{CONFIG, ingest, zoo};
use crate::sandbox::{Sandbox, python};

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
fn explores_are_read_in_the_dialect_of_the_connection_that_looker_names() {
    let Some(shared) = python::shared() else { return };
    let config = format!(
        "{CONFIG}  lake: {{driver: bigquery}}
  odd: {{driver: oracle}}
  look:
    driver: looker
    mappings:
      connectionMappings: {{main: pg, lake: lake, odd: odd, far: {{dialect: mssql}}}}
"
    );
    let sandbox = shared.sandbox(Sandbox::with_config(&config));
    for (explore, connection, table) in [
        ("a.main", "\"main\"", "\\\"Mart\\\".events"),
        ("b.lake", "\"lake\"", "`wh-7.mart.events`"),
        ("c.odd", "\"odd\"", "mart.events"),
        ("d.far", "\"far\"", "[Order Lines]"),
        ("e.unknown", "\"other\"", "mart.events"),
        ("f.unnamed", "null", "mart.events"),
    ] {
        sandbox.write(
            &format!("look/explores/{explore}.json"),
            format!("{{\"connection_name\": {connection}, \"sql_table_name\": \"{table}\"}}"),
        );
    }
    let run = [
        "dev",
        "ingest",
        "run",
        "--connection-id",
        "look",
        "--adapter",
        "looker",
        "--source-dir",
        "look",
        "--json",
    ];
    let report = sandbox.run(&run).succeeds().json();
    assert_eq!(
        report["warnings"],
        json!([
            "connection_not_mapped:e.unknown",
            "connection_not_mapped:f.unnamed"
        ])
    );
    let sync = report["syncId"].as_str().expect("an id");
    for (explore, found) in [
        (
            "a.main",
            json!({"ok": true, "catalog": null, "schema": "Mart", "name": "events", "canonicalTable": "Mart.events"}),
        ),
        (
            "b.lake",
            json!({"ok": true, "catalog": "wh-7", "schema": "mart", "name": "events", "canonicalTable": "`wh-7`.mart.events"}),
        ),
        (
            "c.odd",
            json!({"ok": false, "reason": "unsupported_dialect",
                "detail": "Connection type ORACLE does not map to a supported sqlglot dialect."}),
        ),
        (
            "d.far",
            json!({"ok": true, "catalog": null, "schema": null, "name": "Order Lines", "canonicalTable": "[Order Lines]"}),
        ),
    ] {
        let kept = sandbox.read(&format!("raw-sources/look/looker/{sync}/explores/{explore}.json"));
        let kept: Value = serde_json::from_str(&kept).expect("json");
        assert_eq!(kept["tableIdentifiers"], json!({explore: found}), "{explore}");
    }
    for (mapping, told) in [
        (
            "{main: nowhere}",
            "Connection \"nowhere\" is not configured in ktx.yaml\n",
        ),
        (
            "{main: {dialect: oracle}}",
            "failed to read `[PROJECT]/ktx.yaml`: line 14, column 44: `connections.look.mappings.connectionMappings.main.dialect` expected one of",
        ),
    ] {
        let config = config.replace("{main: pg, lake: lake, odd: odd, far: {dialect: mssql}}", mapping);
        let sandbox = Sandbox::with_config(&config);
        sandbox.write("look/explores/a.main.json", "{}");
        let transcript = sandbox.run(&run);
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(transcript.to_string().contains(told), "{transcript}");
    }
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
