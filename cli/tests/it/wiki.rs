//! `ktx wiki`, `ktx agent wiki` and the `knowledge_*` tools: one wiki, three ways to it.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::sandbox::mcp::Client;

const CONFIG: &str = "project: zoo\nconnections:\n  wh: {driver: sqlite, path: zoo.db, readonly: true}\n";
const ORDERS: &str = "name: orders\ntable: orders\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\n  - {name: status, type: string}\nmeasures:\n  - {name: revenue, expr: sum(id)}\n";

fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.write("semantic-layer/wh/orders.yaml", ORDERS);
    sandbox
}

fn write(sandbox: &Sandbox, key: &str, summary: &str, content: &str, more: &[&str]) {
    let page = ["wiki", "write", key, "--summary", summary, "--content", content];
    let _ = sandbox.run(&[&page, more].concat()).succeeds();
}

#[test]
fn pages_are_written_found_read_and_checked() {
    let sandbox = zoo();
    assert_snapshot!(sandbox.run(&["wiki", "list"]), @r"
    $ ktx wiki list
    --- stderr
    No wiki pages yet.
    hint: `ktx wiki write <key> --summary <line> --content <text>` writes one
    --- exit 0
    ");
    let paid = [
        "wiki",
        "write",
        "paid-revenue",
        "--summary",
        "Only paid orders are revenue",
        "--content",
        "Refunds come off.",
        "--tag",
        "finance",
        "--sl-ref",
        "orders.revenue",
    ];
    assert_snapshot!(sandbox.run(&paid), @r"
    $ ktx wiki write paid-revenue --summary Only paid orders are revenue --content Refunds come off. --tag finance --sl-ref orders.revenue
    Wrote knowledge/global/paid-revenue.md
    --- exit 0
    ");
    assert_eq!(
        sandbox.read("knowledge/global/paid-revenue.md"),
        "---\nsummary: Only paid orders are revenue\ntags:\n  - finance\nsl_refs:\n  - orders.revenue\n---\n\nRefunds come off.\n"
    );
    write(
        &sandbox,
        "opening",
        "When the zoo is open",
        "Never on Mondays.",
        &["--scope", "user"],
    );
    assert_eq!(
        sandbox.run(&["wiki", "list"]).succeeds().stdout(),
        "opening\tuser\tWhen the zoo is open\npaid-revenue\tglobal\tOnly paid orders are revenue\n"
    );
    assert_eq!(
        sandbox.run(&["wiki", "search", "refunds"]).succeeds().stdout(),
        "paid-revenue\tglobal\tOnly paid orders are revenue\tlexical\n"
    );
    assert_eq!(
        sandbox.run(&["wiki", "read", "opening"]).succeeds().stdout(),
        sandbox.read("knowledge/user/local/opening.md")
    );
    let others = sandbox.run(&["wiki", "list", "--user-id", "ada"]).succeeds();
    assert!(!others.stdout().contains("opening"), "{others}");
    assert!(
        sandbox
            .run(&["wiki", "validate"])
            .succeeds()
            .stdout()
            .contains("The wiki is valid.")
    );
    let source = sandbox
        .run(&["agent", "sl", "read", "orders", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        source["pages"],
        json!(["paid-revenue"]),
        "a source shows its pages"
    );
}

#[test]
fn what_is_wrong_with_a_page_is_said_with_its_place() {
    let sandbox = zoo();
    for (arguments, message) in [
        (
            vec!["wiki", "read", "absent"],
            "Wiki page \"absent\" was not found.",
        ),
        (vec!["wiki", "read", "../ktx"], "Unsafe wiki page id: ../ktx"),
        (
            vec!["wiki", "list", "--user-id", "a/b"],
            "Unsafe wiki page id: a/b",
        ),
        (
            vec!["wiki", "write", "con", "--summary", "x", "--content", "x"],
            "Unsafe wiki page id: con",
        ),
        (
            vec!["wiki", "write", "a", "--summary", " ", "--content", "x"],
            "failed to write the page `a`: its summary must be one line",
        ),
        (
            vec![
                "wiki",
                "write",
                "a",
                "--summary",
                "x",
                "--content",
                "x",
                "--sl-ref",
                "orders.revenu",
            ],
            "failed to write the page `a`: sl_refs: the semantic layer has no `orders.revenu`\nhint: did you mean `orders.revenue`?",
        ),
        (
            vec![
                "wiki",
                "write",
                "a",
                "--summary",
                "x",
                "--content",
                "x",
                "--sl-ref",
                "nowhere/orders",
            ],
            "failed to write the page `a`: sl_refs: the semantic layer has no `nowhere/orders`",
        ),
    ] {
        let refused = sandbox.run(&arguments);
        assert_eq!(refused.output.status.code(), Some(1), "{refused}");
        assert!(refused.stderr().starts_with(message), "{refused}");
    }
    assert!(!sandbox.exists("knowledge/global/a.md"), "nothing was written");
    write(&sandbox, "good", "A page", "Text", &[]);
    sandbox.write(
        "knowledge/global/torn.md",
        "---\nsummary: x\ntags: 3\n---\ntext\n",
    );
    sandbox.write(
        "knowledge/global/stale.md",
        "---\nsummary: x\nsl_refs: [orders.gone, orders]\nrefs: [good, gone]\n---\ntext\n",
    );
    let listed = sandbox.run(&["wiki", "list"]).succeeds();
    assert_eq!(
        listed.stdout().lines().count(),
        2,
        "the others are there: {listed}"
    );
    assert!(
        listed
            .stderr()
            .contains("warning: failed to read `knowledge/global/torn.md`: line 3: "),
        "{listed}"
    );
    let checked = sandbox.run(&["wiki", "validate"]);
    assert_eq!(checked.output.status.code(), Some(1));
    let lines: Vec<String> = checked.stderr().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{checked}");
    assert!(
        lines[1].starts_with("knowledge/global/stale.md: sl_refs: the semantic layer has no `orders.gone`"),
        "{checked}"
    );
    assert_eq!(lines[2], "knowledge/global/stale.md: refs: unknown page `gone`");
    let _ = sandbox.run(&["wiki", "validate", "good"]).succeeds();
}

#[test]
fn programs_search_and_read_the_same_pages() {
    let sandbox = zoo();
    write(
        &sandbox,
        "revenue",
        "What revenue is",
        "Paid orders.",
        &["--sl-ref", "wh/orders.revenue"],
    );
    let found = sandbox
        .run(&["agent", "wiki", "search", "revenue", "--json"])
        .succeeds()
        .json();
    assert_eq!(found["totalFound"], 1);
    let result = &found["results"][0];
    assert_eq!(
        (
            &result["key"],
            &result["path"],
            &result["scope"],
            &result["summary"],
            &result["matchReasons"]
        ),
        (
            &json!("revenue"),
            &json!("knowledge/global/revenue.md"),
            &json!("global"),
            &json!("What revenue is"),
            &json!(["lexical", "token"])
        )
    );
    assert!(
        result["score"].as_f64().is_some_and(|score| score > 0.0) && result["lanes"].is_array(),
        "{found}"
    );
    let page = sandbox
        .run(&["agent", "wiki", "read", "revenue", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        (&page["content"], &page["sl_refs"]),
        (&json!("Paid orders."), &json!(["wh/orders.revenue"]))
    );
    let missing = sandbox.run(&["agent", "wiki", "read", "nothing", "--json"]);
    let error: Value = serde_json::from_str(&missing.stderr()).expect("json");
    assert_eq!(error["error"]["message"], "Wiki page \"nothing\" was not found.");
}

#[test]
fn tools_write_what_was_read_and_nothing_newer() {
    let sandbox = zoo();
    let mut client = Client::start(&sandbox, &["--user-id", "ada"]);
    let page = json!({"key": "revenue", "summary": "What revenue is", "content": "Paid orders.", "sl_refs": ["orders"], "intent": "define", "usage": {"n": 1}});
    let created = client.call("knowledge_write", &page);
    assert_eq!(
        (&created["success"], &created["action"]),
        (&json!(true), &json!("created"))
    );
    let read = client.call("knowledge_read", &json!({"key": "revenue"}));
    assert_eq!(
        (&read["content"], &read["intent"], &read["truncated"]),
        (&json!("Paid orders."), &json!("define"), &json!(false))
    );
    let change = json!({"key": "revenue", "summary": "What revenue is", "content": "Paid orders, without refunds.", "revision": read["revision"]});
    assert_eq!(client.call("knowledge_write", &change)["action"], "updated");
    let refused = client.refused("knowledge_write", &change);
    assert!(
        refused.starts_with("failed to write the page `revenue`: it was changed after revision"),
        "{refused}"
    );
    let read = client.call("knowledge_read", &json!({"key": "revenue"}));
    assert_eq!(
        (&read["sl_refs"], &read["usage"]),
        (&json!(["orders"]), &json!({"n": 1})),
        "what was not given stays"
    );
    let found = client.call("knowledge_search", &json!({"query": "refunds", "limit": 1}));
    assert_eq!(
        (&found["results"][0]["key"], &found["totalFound"]),
        (&json!("revenue"), &json!(1))
    );
    for limit in [0, 51] {
        let refused = client.refused("knowledge_search", &json!({"query": "x", "limit": limit}));
        assert_eq!(refused, format!("limit must be from 1 to 50, not {limit}"));
    }
    let long = "It is a long story. ".repeat(5_000);
    let _ = client.call(
        "knowledge_write",
        &json!({"key": "long", "summary": "Long", "content": long, "scope": "user"}),
    );
    assert!(sandbox.exists("knowledge/user/ada/long.md"));
    let (mut text, mut offset) = (String::new(), json!(0));
    while !offset.is_null() {
        let piece = client.call("knowledge_read", &json!({"key": "long", "offset": offset}));
        text += piece["content"].as_str().expect("text");
        offset = piece["nextOffset"].clone();
    }
    assert_eq!(text, long.trim());
    let discovered = client.call(
        "discover",
        &json!({"question": "how are refunds treated in revenue"}),
    );
    assert_eq!(discovered["pages"][0]["key"], "revenue");
    assert_eq!(discovered["sources"][0]["pages"], json!(["revenue"]));
}
