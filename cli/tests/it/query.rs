//! `ktx sl query` and `ktx agent sl query` with the real compiler, as its own process and as a daemon.

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{SHOP, Sandbox, python};

const ORDERS: &str = "name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
  - {name: status, type: string}
  - {name: placed_on, type: time}
  - {name: amount, type: number}
measures:
  - {name: n, expr: count(id)}
  - {name: gross, expr: sum(amount)}
segments:
  - {name: paid, expr: status = 'paid'}
";

fn shop() -> Sandbox {
    Sandbox::with_shop(
        SHOP,
        &[("orders", ORDERS)],
        "create table orders (id integer primary key, status text, placed_on date, amount numeric);
         insert into orders values (1, 'paid', '2024-01-03', 10), (2, 'paid', '2024-02-04', 20), (3, 'open', '2024-02-09', 5);",
    )
}

#[test]
fn compiles_and_executes() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let compiled = sandbox.run(&["sl", "query", "--measure", "orders.n"]).succeeds();
    assert_eq!(compiled.stderr(), "");
    let compiled = compiled.json();
    assert_eq!(compiled["headers"], json!(["orders.n"]));
    assert_eq!(
        (&compiled["rows"], &compiled["totalRows"]),
        (&json!([]), &json!(0))
    );
    assert_snapshot!(serde_json::to_string_pretty(&compiled["plan"]["execution"]).expect("json"), @r#"
    {
      "mode": "compile_only",
      "reason": "Local semantic-layer query compiled SQL but no data-source execution adapter is configured."
    }
    "#);
    let executed = sandbox
        .run(&[
            "sl",
            "query",
            "--measure",
            "orders.n",
            "--execute",
            "--max-rows",
            "100",
        ])
        .succeeds();
    assert!(executed.stdout().contains("\"mode\": \"executed\""), "{executed}");
    let executed = executed.json();
    assert_eq!(
        (&executed["headers"], &executed["rows"]),
        (&json!(["n"]), &json!([[3]]))
    );
    assert_eq!(
        executed["plan"]["execution"],
        json!({"mode": "executed", "driver": "sqlite", "maxRows": 100, "rowCount": 1})
    );
    assert_snapshot!(sandbox.run(&[
        "sl", "query", "--measure", "orders.gross", "--dimension", "orders.placed_on:month", "--segment", "orders.paid",
        "--order-by", "orders.gross:desc", "--limit", "2", "--execute", "--format", "pretty",
    ]), @r"
    $ ktx sl query --measure orders.gross --dimension orders.placed_on:month --segment orders.paid --order-by orders.gross:desc --limit 2 --execute --format pretty
    ┌─────────────────┬───────┐
    │ placed_on_month ┆ gross │
    ╞═════════════════╪═══════╡
    │ 2024-02-01      ┆ 20    │
    │ 2024-01-01      ┆ 10    │
    └─────────────────┴───────┘
    --- stderr
    2 rows
    --- exit 0
    ");
    let sql = sandbox
        .run(&[
            "sl",
            "query",
            "--measure",
            "orders.n",
            "--execute",
            "--format",
            "sql",
        ])
        .succeeds();
    assert!(sql.stdout().starts_with("SELECT"), "{sql}");
}

#[test]
fn the_query_of_an_agent_is_capped() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    sandbox.write(
        "query.json",
        r#"{"measures": ["orders.n"], "dimensions": ["orders.id"], "limit": 50}"#,
    );
    let query = [
        "agent",
        "sl",
        "query",
        "--json",
        "--connection-id",
        "wh",
        "--query-file",
        "query.json",
    ];
    let executed = sandbox
        .run(&[&query[..], &["--execute", "--max-rows", "2"]].concat())
        .succeeds()
        .json();
    assert_eq!(executed["plan"]["limit"], 2);
    assert_eq!(executed["totalRows"], 2);
    let uncapped = sandbox.run(&[&query[..], &["--execute"]].concat());
    assert_eq!(uncapped.output.status.code(), Some(2), "{uncapped}");
    let refused = sandbox.run(&[&query[..], &["--execute", "--max-rows", "1001"]].concat());
    assert!(
        refused
            .stderr()
            .contains("maxRows must be less than or equal to 1000."),
        "{refused}"
    );
}

#[test]
fn a_refused_query_offers_the_nearest_names() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    for (arguments, told, hint) in [
        (
            &["--measure", "orders.grss"][..],
            "is not a pre-defined measure on source 'orders'",
            "did you mean `orders.gross`?",
        ),
        (
            &["--measure", "orders.n", "--dimension", "orders.sttus"],
            "Column 'sttus' does not exist",
            "did you mean `orders.status`?",
        ),
        (&["--measure", "order.n"], "order", "did you mean `orders.n`?"),
    ] {
        let transcript = sandbox.run(&[&["sl", "query"], arguments].concat());
        assert_eq!(transcript.output.status.code(), Some(1), "{transcript}");
        assert!(transcript.stderr().contains(told), "{transcript}");
        assert!(
            transcript.stderr().ends_with(&format!("hint: {hint}\n")),
            "{transcript}"
        );
    }
}

#[test]
fn the_daemon_and_the_one_shot_refuse_in_the_same_sentence() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(shop());
    let query = ["sl", "query", "--measure", "orders.x"];
    let _ = sandbox.run(&["runtime", "start"]).succeeds();
    let by_daemon = sandbox.run(&query).stderr();
    let _ = sandbox.run(&["runtime", "stop"]).succeeds();
    let by_process = sandbox.run(&query).stderr();
    assert_eq!(by_daemon, by_process);
    for transport in ["HTTP", "ktx-daemon", "{", "400"] {
        assert!(!by_daemon.contains(transport), "{by_daemon}");
    }
}

#[test]
fn what_a_query_needs_is_asked_for() {
    let sandbox = shop();
    assert_snapshot!(sandbox.run(&["sl", "query"]), @r"
    $ ktx sl query
    --- stderr
    sl query requires at least one --measure
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["sl", "query", "--measure", "orders.n", "--order-by", "orders.n:up"]), @r"
    $ ktx sl query --measure orders.n --order-by orders.n:up
    --- stderr
    failed to read `--order-by orders.n:up`: direction must be asc or desc
    --- exit 2
    ");
    assert_snapshot!(sandbox.run(&["sl", "query", "--measure", "orders.n", "--yes", "--no-input"]), @r"
    $ ktx sl query --measure orders.n --yes --no-input
    --- stderr
    Choose only one runtime install mode: --yes or --no-input
    --- exit 1
    ");
    sandbox.write("ktx.yaml", "project: p\n");
    assert_snapshot!(sandbox.run(&["sl", "query", "--measure", "orders.n"]), @r"
    $ ktx sl query --measure orders.n
    --- stderr
    connectionId is required when the local project has zero or multiple connections.
    hint: add one under `connections:` in ktx.yaml
    --- exit 1
    ");
}

#[test]
fn the_runtime_is_installed_only_when_that_is_allowed() {
    let Some(sandbox) = python::installable(shop()) else {
        return;
    };
    let query = |flag: &[&str]| sandbox.run(&[&["sl", "query", "--measure", "orders.n"], flag].concat());
    assert_snapshot!(query(&["--no-input"]), @r"
    $ ktx sl query --measure orders.n --no-input
    --- stderr
    KTX Python runtime is required for this command. Run: ktx runtime install --yes
    --- exit 1
    ");
    assert_snapshot!(query(&[]), @r"
    $ ktx sl query --measure orders.n
    --- stderr
    KTX Python runtime is required for this command. Run: ktx runtime install --yes
    --- exit 1
    ");
    let installed = query(&["--yes"]).succeeds();
    assert_snapshot!(installed.stderr().replace(&sandbox.root().display().to_string(), "[SANDBOX]"), @r"
    Installing KTX Python runtime (core) with uv...
    KTX Python runtime ready: [SANDBOX]/runtime/0.1.0-rc.0
    ");
    assert_eq!(
        installed.json()["headers"],
        json!(["orders.n"]),
        "stdout stays clean while it installs"
    );
    let again = query(&["--no-input"]).succeeds();
    assert_eq!(again.stderr(), "");
}
