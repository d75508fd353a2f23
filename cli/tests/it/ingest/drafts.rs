//! Drafts of sources from LookML and dbt: they answer queries at once, and what people wrote stays.

use serde_json::{Value, json};

use super::{CONFIG, ingest};
use crate::sandbox::{Sandbox, python};

const TABLES: &str = "create table customers (id integer primary key, country text);
    create table orders (id integer primary key, customer_id integer, status text, amount real);
    insert into customers values (1, 'FR'), (2, 'DE');
    insert into orders values (10, 1, 'paid', 40), (11, 1, 'open', 5), (12, 2, 'paid', 7);";

const LOOKML: &str = "view: orders {
  dimension: id { primary_key: yes type: number }
  dimension: customer_id { hidden: yes }
  dimension: state { sql: ${TABLE}.status ;; description: \"where it is\" }
  dimension: size { type: tier tiers: [10] style: integer sql: ${TABLE}.amount ;; }
  measure: revenue { type: sum sql: ${TABLE}.amount ;; filters: [state: \"paid\"] value_format_name: usd }
  measure: names { type: list }
}
view: customers { dimension: id { primary_key: yes } dimension: country {} }
view: best { sql_table_name: {% parameter p %} ;; dimension: id {} }
explore: orders { join: customers { foreign_key: customer_id } }
";

fn shop() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database("zoo.db", TABLES);
    sandbox
}

#[track_caller]
fn rows(sandbox: &Sandbox, measure: &str, dimension: &str) -> Value {
    let query = [
        "sl",
        "query",
        "--connection-id",
        "wh",
        "--measure",
        measure,
        "--dimension",
        dimension,
        "--execute",
        "--format",
        "json",
    ];
    sandbox.run(&query).succeeds().json()["rows"].clone()
}

#[test]
fn lookml_answers_queries_at_once_with_and_without_a_scan() {
    let Some(shared) = python::shared() else { return };
    for scanned in [false, true] {
        let sandbox = shared.sandbox(shop());
        sandbox.write("look/shop.lkml", LOOKML);
        if scanned {
            let _ = sandbox.run(&["dev", "scan", "wh"]).succeeds();
        }
        let report = sandbox
            .run(&ingest("looker", &["--source-dir", "look", "--json"]))
            .succeeds()
            .json();
        let told: Vec<Value> = report["drafts"]
            .as_array()
            .expect("drafts")
            .iter()
            .map(|draft| {
                json!([
                    draft["name"],
                    draft["status"],
                    draft["line"],
                    draft["leftOut"][0]["reason"]
                ])
            })
            .collect();
        assert_eq!(
            told,
            [
                json!(["orders", "partial", 1, "unsupported measure type: list"]),
                json!(["customers", "converted", 9, null]),
                json!(["best", "not_converted", 10, null]),
            ]
        );
        let draft = sandbox.read("semantic-layer/wh/looker/orders.yaml");
        assert_eq!(draft.contains("table:"), !scanned, "{draft}");
        assert_eq!(
            rows(&sandbox, "orders.revenue", "customers.country"),
            json!([["DE", 7.0], ["FR", 40.0]])
        );
        assert_eq!(
            rows(&sandbox, "orders.revenue", "orders.size"),
            json!([["10 or Above", 40.0], ["Below 10", 7.0]])
        );
    }
}

#[test]
fn what_people_wrote_in_a_draft_stays_when_lookml_changes() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write("look/shop.lkml", LOOKML);
    let run = ingest("looker", &["--source-dir", "look"]);
    let _ = sandbox.run(&run).succeeds();
    let path = "semantic-layer/wh/looker/orders.yaml";
    let draft = sandbox.read(path);
    let edited = draft.replace("where it is", "mine") + "# a remark\n";
    assert_ne!(edited, draft);
    sandbox.write(path, &edited);
    let _ = sandbox.run(&run).succeeds();
    assert_eq!(
        sandbox.read(path),
        edited,
        "an ingest that changes nothing leaves the file"
    );
    sandbox.write(
        "look/shop.lkml",
        LOOKML.replace("[10]", "[20]").replace("where it is", "theirs"),
    );
    let _ = sandbox.run(&run).succeeds();
    let merged = sandbox.read(path);
    for kept in ["mine", "# a remark", "Below 20"] {
        assert!(merged.contains(kept), "{merged}");
    }
    assert!(!merged.contains("theirs"), "{merged}");
    sandbox.write("semantic-layer/wh/mine.yaml", "name: customers\ntable: customers\ngrain: [id]\ncolumns: [{name: id, type: number}, {name: country, type: string, expr: \"'X'\"}]\n");
    let transcript = sandbox.run(&run).succeeds();
    for told in [
        "Next:",
        "ktx sl list --project-dir",
        "--connection-id wh --measure orders.revenue",
    ] {
        assert!(transcript.to_string().contains(told), "{told}\n{transcript}");
    }
    assert_eq!(
        rows(&sandbox, "orders.revenue", "customers.country"),
        json!([["X", 47.0]])
    );
}

#[test]
fn a_dbt_project_with_semantic_models_answers_queries() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write(
        "dbt/models/shop.yml",
        "semantic_models:
  - name: orders
    model: ref('orders')
    entities: [{name: order, type: primary, expr: id}, {name: customer, type: foreign, expr: customer_id}]
    dimensions: [{name: status, type: categorical}]
    measures: [{name: amount, agg: sum}, {name: n, agg: count, expr: id}]
  - name: customers
    model: ref('customers')
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: country, type: categorical}]
    measures: [{name: people, agg: count, expr: id, create_metric: true}]
---
metrics:
  - name: french
    type: simple
    type_params: {measure: amount}
    filter: \"{{ Dimension('customer__country') }} = 'FR'\"
  - name: mean
    type: ratio
    type_params: {numerator: total, denominator: n}
  - {name: total, type: simple, type_params: {measure: amount}}
  - {name: n, type: simple, type_params: {measure: n}}
  - {name: odd, type: conversion, type_params: {}}
  - {name: each, type: ratio, type_params: {numerator: total, denominator: people}}
",
    );
    sandbox.write("dbt/models/broken.yml", "models: [\n");
    let run = ingest("metricflow", &["--source-dir", "dbt", "--json"]);
    let report = sandbox.run(&run).succeeds().json();
    assert_eq!(report["drafts"][0]["line"], json!(23), "{report}");
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .starts_with("models/broken.yml: the file was left out: line "),
        "{report}"
    );
    assert_eq!(
        rows(&sandbox, "orders.french", "customers.country"),
        json!([["DE", null], ["FR", 45.0]])
    );
    assert_eq!(
        rows(&sandbox, "orders.mean", "orders.status"),
        json!([["open", 5.0, 1, 5.0], ["paid", 23.5, 2, 47.0]])
    );
    assert_eq!(
        rows(&sandbox, "orders.each", "customers.country"),
        json!([["DE", 7.0, 1, 7.0], ["FR", 45.0, 1, 45.0]])
    );
}
