//! What an answer carries beside its rows: warnings, whether it is whole, columns in the order asked; and how a faulty
//! model or a mistyped key is refused.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{SHOP, Sandbox, execute, python};

const ORDERS: &str = "name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
  - {name: customer_id, type: number}
  - {name: placed_on, type: time}
  - {name: amount, type: number}
joins:
  - {to: customers, on: customer_id = customers.id, relationship: many_to_one}
measures:
  - {name: n, expr: count(id)}
  - {name: gross, expr: sum(amount)}
  - {name: per_order, expr: orders.gross / orders.n}
";

const CUSTOMERS: &str = "name: customers
table: customers
grain: [id]
columns:
  - {name: id, type: number}
  - {name: region, type: string}
";

fn shop() -> Sandbox {
    Sandbox::with_shop(
        SHOP,
        &[("orders", ORDERS), ("customers", CUSTOMERS)],
        "create table customers (id integer primary key, region text);
         create table orders (id integer primary key, customer_id integer, placed_on date, amount numeric);
         insert into customers values (1, 'EU'), (2, 'US'), (3, 'APAC');
         insert into orders values (1, 1, '2024-01-03', 10), (2, 1, '2024-02-04', 20), (3, 2, '2024-02-09', 6);",
    )
}

#[test]
fn measures_come_in_the_order_asked_and_what_they_need_stays_out_of_the_text() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    assert_snapshot!(sandbox.run(&[
        "sl", "query", "--measure", "orders.per_order", "--dimension", "customers.region", "--execute", "--format", "pretty",
    ]), @r"
    $ ktx sl query --measure orders.per_order --dimension customers.region --execute --format pretty
    ┌────────┬───────────┐
    │ region ┆ per_order │
    ╞════════╪═══════════╡
    │ APAC   ┆           │
    │ EU     ┆ 15.0      │
    │ US     ┆ 6.0       │
    └────────┴───────────┘
    --- stderr
    3 rows
    --- exit 0
    ");
    let answer = sandbox
        .run(&[
            "sl",
            "query",
            "--measure",
            "orders.per_order",
            "--measure",
            "orders.n",
            "--execute",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["headers"], json!(["per_order", "n", "gross"]));
    assert_eq!(answer["rows"], json!([[12.0, 3, 36]]));
    let ratio = sandbox
        .run(&["sl", "query", "--measure", "orders.gross / orders.n", "--execute"])
        .succeeds()
        .json();
    assert_eq!(ratio["rows"][0][0], json!(12.0), "{ratio}");
    let dimensions = sandbox
        .run(&["sl", "query", "--dimension", "customers.region", "--execute"])
        .succeeds()
        .json();
    assert_eq!(dimensions["rows"], json!([["APAC"], ["EU"], ["US"]]));
}

#[test]
fn an_order_names_a_period_and_a_direction() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let answer = sandbox
        .run(&[
            "sl",
            "query",
            "--measure",
            "orders.n",
            "--dimension",
            "orders.placed_on:month",
            "--order-by",
            "orders.placed_on:month:desc",
            "--execute",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["rows"], json!([["2024-02-01", 2], ["2024-01-01", 1]]));
}

#[test]
fn a_limit_that_cuts_rows_off_is_told() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let query = [
        "sl",
        "query",
        "--measure",
        "orders.n",
        "--dimension",
        "customers.region",
        "--execute",
    ];
    for (limit, rows, truncated) in [("2", 2, true), ("3", 3, false), ("4", 3, false)] {
        let answer = sandbox
            .run(&[&query[..], &["--limit", limit]].concat())
            .succeeds()
            .json();
        assert_eq!(answer["rows"].as_array().map(Vec::len), Some(rows), "{limit}");
        assert_eq!(answer["truncated"], truncated, "{limit}");
        let sql = answer["sql"].as_str().expect("SQL");
        assert!(sql.ends_with(&format!("LIMIT {limit}")), "{sql}");
    }
    let capped = sandbox
        .run(&[&query[..], &["--max-rows", "1"]].concat())
        .succeeds()
        .json();
    assert_eq!(
        (capped["totalRows"].as_u64(), &capped["truncated"]),
        (Some(1), &json!(true))
    );
    let pretty = sandbox
        .run(&[&query[..], &["--limit", "1", "--format", "pretty"]].concat())
        .succeeds();
    let last = pretty.stdout().lines().last().expect("a line").to_owned();
    assert_eq!(
        last,
        "The first 1 rows; there are more. Pass a larger --limit to see them."
    );
}

#[test]
fn nothing_unused_breaks_a_query_and_what_is_used_names_file_and_line() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write(
        "semantic-layer/wh/customers.yaml",
        CUSTOMERS.replace("grain: [id]", "grains: [id]"),
    );
    let answered = sandbox
        .run(&["sl", "query", "--measure", "orders.n", "--execute"])
        .succeeds();
    let fault = "semantic-layer/wh/customers.yaml:3: grains: unknown key `grains` in source `customers`: did you mean `grain`?";
    assert!(answered.stderr().contains("warning: "), "{answered}");
    assert!(answered.stderr().contains(fault), "{answered}");
    assert_eq!(answered.json()["rows"], json!([[3]]));
    assert_eq!(answered.json()["warnings"][0]["code"], "source-left-out");
    let refused = sandbox.run(&[
        "sl",
        "query",
        "--measure",
        "orders.n",
        "--dimension",
        "customers.region",
    ]);
    assert_eq!(refused.output.status.code(), Some(1));
    assert!(refused.stderr().contains(fault), "{refused}");
    assert!(!refused.stderr().contains("ktx-daemon"), "{refused}");
    let validated = sandbox.run(&["sl", "validate", "customers"]);
    assert!(validated.stderr().contains(fault), "{validated}");
    let status = sandbox.run(&["status"]).succeeds();
    assert!(status.stderr().contains("unknown key `grains`"), "{status}");
}

#[test]
fn mistyped_keys_are_refused_wherever_people_write_them() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write(
        "query.json",
        r#"{"measures": ["orders.n"], "dimension": ["customers.region"]}"#,
    );
    let query = sandbox.run(&[
        "agent",
        "sl",
        "query",
        "--json",
        "--connection-id",
        "wh",
        "--query-file",
        "query.json",
    ]);
    assert!(
        query.stderr().contains("unknown key `dimension`")
            && query.stderr().contains("did you mean `dimensions`?"),
        "{query}"
    );
    sandbox.write("ktx.yaml", SHOP.replace("readonly", "readOnly"));
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    --- stderr
    failed to read `[PROJECT]/ktx.yaml`: line 3, column 39: unknown key `readOnly` in connection `wh`: did you mean `readonly`?
    hint: fix that key in ktx.yaml
    --- exit 1
    ");
}

#[test]
fn validation_says_what_the_expressions_miss() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let _ = sandbox.run(&["sl", "validate", "orders"]).succeeds();
    sandbox.write(
        "semantic-layer/wh/orders.yaml",
        ORDERS.replace("sum(amount)", "sum(amonut)"),
    );
    let refused = sandbox.run(&["sl", "validate", "orders"]);
    assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    assert!(refused.stderr().contains("amonut"), "{refused}");
}

/// A statement that counts without end.
const ENDLESS: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

#[test]
fn a_statement_without_end_ends_at_the_time_limit() {
    let sandbox = Sandbox::with_config(SHOP).variable("KTX_STATEMENT_TIMEOUT_MS", "300");
    sandbox.database("shop.db", "create table t (x)");
    sandbox.write("endless.sql", ENDLESS);
    let started = Instant::now();
    let refused = sandbox.run(&execute("wh", "endless.sql", "1"));
    assert!(started.elapsed() < Duration::from_secs(20), "{refused}");
    assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    assert!(
        refused
            .stderr()
            .contains("it took longer than 0.3 s and was ended"),
        "{refused}"
    );
}

#[test]
fn nothing_that_matches_is_said() {
    let sandbox = shop();
    for output in ["pretty", "plain"] {
        let found = sandbox
            .run(&["sl", "list", "--query", "zzzz", "--output", output])
            .succeeds();
        assert_eq!(found.stdout(), "");
        assert!(found.stderr().contains("No source matches `zzzz`."), "{found}");
    }
    assert_eq!(
        sandbox
            .run(&["sl", "list", "--query", "zzzz", "--json"])
            .succeeds()
            .json()["data"]["items"],
        json!([])
    );
}
