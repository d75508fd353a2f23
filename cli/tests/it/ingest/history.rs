//! The `historic-sql` adapter: templates of what a warehouse was asked.

use serde_json::{Value, json};

use super::{ingest, zoo};
use crate::sandbox::{Sandbox, python};

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
        json!([
            "row_invalid:day.jsonl:7",
            "analysis_failed:4: `select from from where`: Expected table name but got WHERE. Line 1, Col: 22."
        ])
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

#[test]
fn a_statement_that_the_service_refuses_costs_that_statement() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(zoo());
    let row = |id: u32, query: &str| json!({"queryid": id, "query": query, "calls": 9}).to_string();
    let endless = format!("select {}", "1 + ".repeat(300_000));
    let rows = [
        row(1, "select 1 from a"),
        row(2, &endless),
        row(3, "select 2 from b"),
    ];
    sandbox.write("history/day.jsonl", rows.join("\n"));
    let run = ingest("historic-sql", &["--source-dir", "history", "--json"]);
    let report = sandbox.run(&run).succeeds().json();
    let told = report["warnings"][0].as_str().expect("a warning");
    assert!(
        told.starts_with("analysis_failed:2: `select ? + ? + ") && told.len() < 250,
        "{report}"
    );
    assert_eq!(report["diff"]["added"], 2);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_run_with_its_own_exit_code() {
    use std::io::Read as _;

    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(zoo());
    let row =
        |id: u32| json!({"queryid": id, "query": format!("select c{id} from t"), "calls": 9}).to_string();
    let rows: Vec<String> = (0..5_000).map(row).collect();
    sandbox.write("history/day.jsonl", rows.join("\n"));
    let mut command = sandbox.process(&ingest("historic-sql", &["--source-dir", "history"]));
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    // The first word of it is the daemon's line, which comes before the first statement is sent.
    let mut first = [0];
    child
        .stderr
        .as_mut()
        .expect("piped")
        .read_exact(&mut first)
        .expect("it says where the daemon is");
    let _ = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    let output = child.wait_with_output().expect("ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!sandbox.exists("raw-sources"), "nothing half done is left");
}

fn shop() -> Sandbox {
    let sandbox = zoo();
    sandbox.write(
        "semantic-layer/pg/orders.yaml",
        "name: orders\ntable: shop.orders\ngrain: [id]\ncolumns: [{name: id, type: number}, {name: buyer, type: number}, \
         {name: amount, type: number}]\njoins: [{to: people, on: buyer = people.id, relationship: many_to_one}]\n\
         measures: [{name: revenue, expr: sum(amount)}]\n",
    );
    for name in ["people", "places"] {
        let text =
            format!("name: {name}\ntable: shop.{name}\ngrain: [id]\ncolumns: [{{name: id, type: number}}]\n");
        sandbox.write(&format!("semantic-layer/pg/{name}.yaml"), text);
    }
    sandbox
}

fn statements(sandbox: &Sandbox, rows: &[(&str, &str, u32)]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|(id, query, calls)| json!({"queryid": id, "query": query, "calls": calls}).to_string())
        .collect();
    sandbox.write("history/day.jsonl", rows.join("\n"));
}

#[test]
fn what_queries_do_and_sources_do_not_say_is_proposed() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let places =
        "select count(*) from shop.places p join shop.people q on q.place = p.id where p.closed is null";
    statements(
        &sandbox,
        &[
            (
                "1",
                "select sum(o.amount), max(o.amount) from shop.orders o join shop.people p on p.id = o.buyer",
                30,
            ),
            ("2", places, 50),
            ("3", "select max(amount) from orders where state = 'secret'", 20),
            ("4", "select relname from pg_class", 999),
            ("5", "begin", 999),
            ("6", "<insufficient privilege>", 7),
        ],
    );
    let run = ingest("historic-sql", &["--source-dir", "history"]);
    let transcript = sandbox.run(&run).succeeds().to_string();
    for told in [
        "texts_hidden:1 statements of other roles; show them with: grant pg_read_all_stats to the role of the connection",
        "Next:",
        "read semantic-layer/pg/proposals.yaml",
        "Work units: 3",
    ] {
        assert!(transcript.contains(told), "{told}\n{transcript}");
    }
    let text = sandbox.read("semantic-layer/pg/proposals.yaml");
    for told in [
        "shop.people.place = shop.places.id\n      calls: 50\n      templates: 1",
        "expr: MAX(amount)\n      calls: 50\n      templates: 2",
        "expr: closed IS NULL",
        "expr: state = ?",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    for declared in ["buyer", "SUM(amount)", "secret", "pg_class"] {
        assert!(!text.contains(declared), "{declared}\n{text}");
    }
    let _ = sandbox
        .run(&["sl", "validate", "orders", "--connection-id", "pg"])
        .succeeds();
    let listed = ["sl", "list", "--connection-id", "pg", "--query", "id", "--json"];
    let sources = sandbox.run(&listed).succeeds().json();
    let first = &sources["data"]["items"][0];
    assert_eq!(first["name"], "people", "used in 80 calls: {sources}");
    sandbox.write("semantic-layer/pg/proposals.yaml", "name: proposals\n");
    let again = sandbox.run(&run).succeeds().to_string();
    assert!(
        again.contains("proposals_skipped:semantic-layer/pg/proposals.yaml"),
        "{again}"
    );
    assert_eq!(
        sandbox.read("semantic-layer/pg/proposals.yaml"),
        "name: proposals\n"
    );
}

#[test]
fn templates_outlive_a_reset_of_the_statistics_but_not_their_window() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let run = ingest("historic-sql", &["--source-dir", "history", "--json"]);
    let (orders, people) = ("select * from shop.orders", "select * from shop.people");
    statements(&sandbox, &[("1", orders, 50), ("2", people, 60)]);
    let first = sandbox.run(&run).succeeds().json();
    assert_eq!(first["workUnits"].as_array().map(Vec::len), Some(2), "{first}");
    statements(&sandbox, &[("1", orders, 9)]);
    let reset = sandbox.run(&run).succeeds().json();
    assert_eq!(
        (
            &reset["diff"]["modified"],
            &reset["diff"]["unchanged"],
            &reset["diff"]["deleted"]
        ),
        (&json!(1), &json!(1), &json!(0)),
        "{reset}"
    );
    let path = ".ktx/cache/historic-sql/pg/pgss-baseline.json";
    let mut baseline: Value = serde_json::from_str(&sandbox.read(path)).expect("json");
    for used in baseline["lastUsed"].as_object_mut().expect("times").values_mut() {
        *used = json!("2020-01-01T00:00:00Z");
    }
    sandbox.write(path, baseline.to_string());
    statements(&sandbox, &[("1", orders, 10)]);
    let later = sandbox.run(&run).succeeds().json();
    assert_eq!(
        (&later["diff"]["modified"], &later["diff"]["deleted"]),
        (&json!(1), &json!(1)),
        "{later}"
    );
}
