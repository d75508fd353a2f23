//! Periods from the flags of the command line and from an agent: fill, cumulative and earlier periods, and the calendar
//! of the connection, with the real compiler on SQLite.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, python};

const CONFIG: &str = "project: shop
connections:
  wh: {driver: sqlite, path: shop.db, readonly: true, week_start: sunday, fiscal_year_start: february, date_table: days.day}
";

const ORDERS: &str = "name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
  - {name: placed_on, type: time}
  - {name: amount, type: number}
measures:
  - {name: n, expr: count(id)}
  - {name: gross, expr: sum(amount)}
  - {name: running, type: cumulative, expr: gross}
  - {name: before, type: offset, expr: gross, offset: 1 month}
";

const DAYS: &str = "name: days
table: days
grain: [day]
columns:
  - {name: day, type: time}
";

fn shop() -> Sandbox {
    Sandbox::with_shop(
        CONFIG,
        &[("orders", ORDERS), ("days", DAYS)],
        "create table orders (id integer primary key, placed_on date, amount numeric);
         insert into orders values (1, '2024-01-06', 10), (2, '2024-01-07', 20), (3, '2024-04-30', 5);
         create table days (day date);
         insert into days values ('2024-01-07'), ('2024-01-09'), ('2024-02-01'), ('2024-04-01'), ('2024-05-01');",
    )
}

/// The rows of a query that is given as flags.
#[track_caller]
fn rows(sandbox: &Sandbox, flags: &[&str]) -> Value {
    let query = [&["sl", "query", "--execute", "--max-rows", "100"], flags].concat();
    sandbox.run(&query).succeeds().json()["rows"].clone()
}

#[test]
fn flags_ask_for_periods_of_the_connections_calendar() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let by = |time: &str, measure: &str, more: &[&str]| {
        rows(
            &sandbox,
            &[&["--measure", measure, "--dimension", time], more].concat(),
        )
    };
    // 7 January 2024 is a Sunday.
    assert_eq!(
        by("orders.placed_on:week", "orders.n", &[]),
        json!([["2023-12-31", 1], ["2024-01-07", 1], ["2024-04-28", 1]])
    );
    assert_eq!(
        by("orders.placed_on:fiscal_year", "orders.gross", &[]),
        json!([["2023-02-01", 30], ["2024-02-01", 5]])
    );
    // The date table has no day of March.
    assert_eq!(
        by("orders.placed_on:month", "orders.n", &["--fill"]),
        json!([["2024-01-01", 2], ["2024-02-01", 0], ["2024-04-01", 1]])
    );
    assert_eq!(
        by("orders.placed_on:month", "orders.running", &["--fill"]),
        json!([["2024-01-01", 30], ["2024-02-01", 30], ["2024-04-01", 35]])
    );
    assert_eq!(
        by("orders.placed_on:month", "orders.before", &["--fill"]),
        json!([["2024-01-01", null], ["2024-02-01", 30], ["2024-04-01", null]])
    );
}

#[test]
fn an_agent_asks_for_periods_in_its_query() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let ask = |query: Value| {
        sandbox.write("query.json", query.to_string());
        sandbox
            .run(&[
                "agent",
                "sl",
                "query",
                "--json",
                "--connection-id",
                "wh",
                "--query-file",
                "query.json",
                "--execute",
                "--max-rows",
                "100",
            ])
            .succeeds()
            .json()["rows"]
            .clone()
    };
    let ad_hoc = json!({"expr": "orders.n", "name": "so_far", "grain_to_date": "fiscal_year"});
    assert_eq!(
        ask(json!({"measures": [ad_hoc], "dimensions": ["orders.placed_on:month"], "fill": true})),
        json!([["2024-01-01", 2], ["2024-02-01", 0], ["2024-04-01", 1]])
    );
    let ad_hoc = json!({"expr": "orders.gross", "name": "earlier", "offset": "3 months"});
    assert_eq!(
        ask(json!({"measures": [ad_hoc], "dimensions": ["orders.placed_on:month"]})),
        json!([["2024-01-01", null], ["2024-04-01", 30]])
    );
}

#[test]
fn a_date_table_that_does_not_exist_stops_only_what_needs_it() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write("ktx.yaml", CONFIG.replace("days.day", "dais.day"));
    let time = ["--measure", "orders.n", "--dimension", "orders.placed_on:month"];
    assert_eq!(
        rows(&sandbox, &time),
        json!([["2024-01-01", 2], ["2024-04-01", 1]])
    );
    let refused = sandbox.run(&[&["sl", "query"], &time[..], &["--fill"]].concat());
    assert_eq!(refused.output.status.code(), Some(1), "{refused}");
    assert!(
        refused.stderr().contains(
            "date_table 'dais.day' of the connection names the source 'dais', which does not exist. Did you mean 'days'?"
        ),
        "{refused}"
    );
}
