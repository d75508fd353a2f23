//! `ktx agent`: JSON on stdout, or an error object on stderr that says what to run next.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, execute};

fn demo() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["setup", "demo", "--project-dir", "."]).succeeds();
    sandbox
}

#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let transcript = sandbox.run(arguments);
    assert_eq!(
        (transcript.output.status.code(), transcript.stdout().as_str()),
        (Some(1), ""),
        "{transcript}"
    );
    let error: Value = serde_json::from_str(&transcript.stderr()).expect("an error object");
    assert_eq!(error["ok"], false);
    error["error"].clone()
}

#[test]
fn a_search_that_cannot_find_anything_says_what_to_do() {
    let sandbox = Sandbox::new();
    let search = ["agent", "sl", "list", "--json", "--query", "revenue"];
    assert_snapshot!(sandbox.run(&search), @r#"
    $ ktx agent sl list --json --query revenue
    --- stderr
    {
      "ok": false,
      "error": {
        "message": "Semantic-layer search needs an initialized KTX project at [PROJECT].",
        "code": "agent_sl_search_missing_project",
        "nextSteps": [
          "ktx setup demo",
          "ktx setup --project-dir [PROJECT]",
          "ktx ingest <connection>",
          "ktx agent sl list --json --query \"revenue\" --project-dir [PROJECT]"
        ]
      }
    }
    --- exit 1
    "#);
    sandbox.write("ktx.yaml", "project: p\n");
    assert_eq!(
        refused(&sandbox, &search)["code"],
        "agent_sl_search_no_connections"
    );
    sandbox.write(
        "ktx.yaml",
        "project: p\nconnections:\n  wh: {driver: sqlite, path: a.db, readonly: true}\n",
    );
    let elsewhere = refused(&sandbox, &[&search[..], &["--connection-id", "hw"]].concat());
    assert_eq!(elsewhere["code"], "agent_sl_search_unknown_connection");
    assert_eq!(
        refused(&sandbox, &search)["code"],
        "agent_sl_search_no_indexed_sources"
    );
    assert!(
        sandbox.exists(".ktx/db.sqlite"),
        "the first search makes the index"
    );
    sandbox.write(
        "semantic-layer/wh/orders.yaml",
        "name: orders\ntable: orders\ngrain: [id]\ncolumns: [{name: id, type: number}]\n",
    );
    assert_eq!(
        sandbox.run(&search).succeeds().json(),
        json!({"sources": [], "totalSources": 0})
    );
    let found = sandbox
        .run(&["agent", "sl", "list", "--json", "--query", "order"])
        .succeeds()
        .json();
    assert_eq!(found["sources"][0]["matchReasons"], json!(["lexical", "token"]));
}

#[test]
fn search_ranks_and_says_why() {
    let sandbox = demo();
    let found = sandbox
        .run(&["agent", "sl", "list", "--json", "--query", "ARR contract"])
        .succeeds()
        .json();
    assert_eq!(found["sources"][0]["name"], "contracts");
    assert_snapshot!(serde_json::to_string_pretty(&found["sources"][0]).expect("json"), @r#"
    {
      "columnCount": 9,
      "connectionId": "orbit_demo",
      "connectionName": "orbit_demo",
      "description": "Yearly contracts. ARR is the annual recurring revenue of a contract, in euros.",
      "joinCount": 3,
      "lanes": [
        {
          "lane": "lexical",
          "rank": 1
        },
        {
          "lane": "token",
          "rank": 1
        }
      ],
      "matchReasons": [
        "lexical",
        "token"
      ],
      "measureCount": 5,
      "name": "contracts",
      "score": 0.0328
    }
    "#);
}

#[test]
fn people_search_with_the_same_lanes() {
    let sandbox = demo();
    assert_snapshot!(sandbox.run(&["sl", "list", "--query", "churned accounts"]), @r"
    $ ktx sl list --query churned accounts
    orbit_demo	accounts	columns=10	measures=3	joins=3	match=lexical,token
    orbit_demo	account_revenue	columns=3	measures=2	joins=1	match=lexical,token
    orbit_demo	product_usage	columns=6	measures=3	joins=2	match=lexical,token
    orbit_demo	contracts	columns=9	measures=5	joins=3	match=lexical,token
    orbit_demo	users	columns=6	measures=3	joins=1	match=lexical,token
    orbit_demo	tickets	columns=10	measures=4	joins=3	match=lexical,token
    orbit_demo	employees	columns=6	measures=1	joins=1	match=lexical
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["sl", "list", "--query", "churned accounts", "--output", "pretty"]), @r"
    $ ktx sl list --query churned accounts --output pretty
    ┌────────────┬─────────────────┬─────────┬──────────┬───────┬───────────────┬────────────────────────────────────────────────────────────────────────────────────────────┐
    │ Connection ┆ Source          ┆ Columns ┆ Measures ┆ Joins ┆ Matched by    ┆ Description                                                                                │
    ╞════════════╪═════════════════╪═════════╪══════════╪═══════╪═══════════════╪════════════════════════════════════════════════════════════════════════════════════════════╡
    │ orbit_demo ┆ accounts        ┆ 10      ┆ 3        ┆ 3     ┆ lexical,token ┆ Companies that buy Orbit. An account has an owner in sales and may have a success manager. │
    │ orbit_demo ┆ account_revenue ┆ 3       ┆ 2        ┆ 1     ┆ lexical,token ┆ Revenue of each account over all its paid invoices.                                        │
    │ orbit_demo ┆ product_usage   ┆ 6       ┆ 3        ┆ 2     ┆ lexical,token ┆ How much an account used a feature in a month.                                             │
    │ orbit_demo ┆ contracts       ┆ 9       ┆ 5        ┆ 3     ┆ lexical,token ┆ Yearly contracts. ARR is the annual recurring revenue of a contract, in euros.             │
    │ orbit_demo ┆ users           ┆ 6       ┆ 3        ┆ 1     ┆ lexical,token ┆ People at the accounts who may sign in.                                                    │
    │ orbit_demo ┆ tickets         ┆ 10      ┆ 4        ┆ 3     ┆ lexical,token ┆ Support tickets, who opened them and who worked on them.                                   │
    │ orbit_demo ┆ employees       ┆ 6       ┆ 1        ┆ 1     ┆ lexical       ┆ People at Orbit who sell, support and look after accounts.                                 │
    └────────────┴─────────────────┴─────────┴──────────┴───────┴───────────────┴────────────────────────────────────────────────────────────────────────────────────────────┘
    --- exit 0
    ");
    let json = sandbox
        .run(&["sl", "list", "--query", "churned", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        json["data"]["items"][0]["matchReasons"],
        json!(["lexical", "token"])
    );
    assert_eq!(
        sandbox
            .run(&["sl", "list", "--query", "weather"])
            .succeeds()
            .stdout(),
        ""
    );
}

#[test]
fn tools_and_context_describe_the_project() {
    let sandbox = demo();
    assert_snapshot!(sandbox.run(&["agent", "tools", "--json"]), @r#"
    $ ktx agent tools --json
    {
      "projectDir": "[PROJECT]",
      "tools": [
        {
          "name": "context",
          "command": "ktx agent context --json"
        },
        {
          "name": "sl.list",
          "command": "ktx agent sl list --json [--connection-id <id>] [--query <text>]"
        },
        {
          "name": "sl.read",
          "command": "ktx agent sl read <name> --json [--connection-id <id>]"
        },
        {
          "name": "sl.query",
          "command": "ktx agent sl query --json --connection-id <id> --query-file <path> [--execute --max-rows <n>]"
        },
        {
          "name": "wiki.search",
          "command": "ktx agent wiki search <text> --json [--limit <n>]"
        },
        {
          "name": "wiki.read",
          "command": "ktx agent wiki read <id> --json"
        },
        {
          "name": "sql.execute",
          "command": "ktx agent sql execute --json --connection-id <id> --sql-file <path> --max-rows <n>"
        }
      ]
    }
    --- exit 0
    "#);
    let context = sandbox.run(&["agent", "context", "--json"]).succeeds().json();
    let keys: Vec<&String> = context.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["connections", "projectDir", "semanticLayer", "status", "tools"]
    );
    assert_eq!(context["semanticLayer"]["totalSources"], 11);
    assert_eq!(
        sandbox.run(&["agent", "tools"]).output.status.code(),
        Some(2),
        "--json is required"
    );
}

#[test]
fn sources_are_read_by_name() {
    let sandbox = demo();
    let read = sandbox
        .run(&["agent", "sl", "read", "plans", "--json"])
        .succeeds()
        .json();
    assert_eq!(read["yaml"], sandbox.read("semantic-layer/orbit_demo/plans.yaml"));
    let error = refused(&sandbox, &["agent", "sl", "read", "planes", "--json"]);
    assert_eq!(
        error["message"],
        "Semantic-layer source \"orbit_demo/planes\" was not found"
    );
    assert_eq!(error["nextSteps"], json!(["did you mean `plans`?"]));
}

#[test]
fn sql_reads_and_nothing_else() {
    let sandbox = demo();
    let run = |sql: &str, rows: &str| {
        sandbox.write("query.sql", sql);
        sandbox.run(&execute("orbit_demo", "query.sql", rows))
    };
    assert_snapshot!(run("select id, name, seat_price from plans order by id", "2"), @r#"
    $ ktx agent sql execute --json --connection-id orbit_demo --sql-file query.sql --max-rows 2
    {
      "headers": [
        "id",
        "name",
        "seat_price"
      ],
      "rows": [
        [
          1,
          "Launch",
          19
        ],
        [
          2,
          "Cruise",
          39
        ]
      ],
      "totalRows": 2,
      "command": "SELECT",
      "rowCount": 2
    }
    --- exit 0
    "#);
    for (sql, rows, told) in [
        (
            "delete from plans",
            "5",
            "Only read-only SELECT/WITH queries can be executed locally.",
        ),
        (
            "select 1; delete from plans",
            "5",
            "Only read-only SELECT/WITH queries can be executed locally.",
        ),
        (
            "select * from plans",
            "1001",
            "maxRows must be less than or equal to 1000.",
        ),
        (
            "select nope from plans",
            "5",
            "failed to run the query on `[PROJECT]/demo.db`: no such column: nope",
        ),
    ] {
        let transcript = run(sql, rows);
        assert_eq!(transcript.output.status.code(), Some(1));
        assert!(transcript.to_string().contains(told), "{transcript}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_a_query_that_would_run_for_ever() {
    let sandbox = demo();
    sandbox.write(
        "query.sql",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    );
    let mut child = sandbox
        .process(&execute("orbit_demo", "query.sql", "1"))
        .spawn()
        .expect("starts");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !has_open(child.id(), "demo.db") {
        assert!(
            std::time::Instant::now() < deadline,
            "the database was never opened"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    let interrupted = std::time::Instant::now();
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    // A statement ends by itself after 30 seconds.
    assert!(interrupted.elapsed() < std::time::Duration::from_secs(20));
}

/// Whether the process has a file of that name open.
#[cfg(target_os = "linux")]
fn has_open(process: u32, name: &str) -> bool {
    let Ok(entries) = fs_err::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| fs_err::read_link(entry.path()).is_ok_and(|target| target.ends_with(name)))
}
