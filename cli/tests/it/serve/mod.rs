//! `ktx serve --mcp stdio` as a client meets it: one JSON-RPC message a line.

mod http;
mod protocol;
mod questions;
mod twenty;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::mcp::Client;
use crate::sandbox::{Sandbox, python};

fn demo() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["setup", "demo", "--project-dir", "."]).succeeds();
    sandbox
}

#[test]
fn starts_without_python_and_lists_its_tools() {
    let sandbox = demo();
    let mut client = Client::start(
        &sandbox,
        &["--no-input", "--semantic-compute", "--execute-queries"],
    );
    let tools = client.tools();
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    ktx_fixtures::expected::file("smoke/src/scenarios/mcp_tools.txt", &(names.join("\n") + "\n"));
    drop(client.end());
    let mut client = Client::start(&sandbox, &["--no-input"]);
    assert_eq!(client.tools().len(), tools.len() - 1, "sql_execute is not there");
    let listed = client.call("connection_list", &json!({}));
    assert_eq!(
        listed,
        json!({"connections": [{"id": "orbit_demo", "name": "orbit_demo", "connectionType": "sqlite"}]})
    );
    assert_eq!(
        client.call("connection_test", &json!({"connectionId": "orbit_demo"}))["tableCount"],
        10
    );
    let refused = client.refused("sl_query", &json!({"measures": ["contracts.contract_count"]}));
    assert_eq!(
        refused,
        "sl_query requires a semantic-layer query adapter. Local stdio MCP exposes file-backed SL CRUD only."
    );
    let (code, stderr) = client.end();
    assert_eq!(code, Some(0), "a client that hangs up ends the server");
    assert_snapshot!(stderr.replace(&sandbox.project().display().to_string(), "[PROJECT]"), @"ktx MCP server running on stdio for [PROJECT]");
}

#[test]
fn sources_are_listed_read_written_and_checked() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    let found = client.call("sl_list_sources", &json!({"query": "ARR contract"}));
    assert_eq!(found["sources"][0]["name"], "contracts");
    let read = client.call(
        "sl_read_source",
        &json!({"connectionId": "orbit_demo", "sourceName": "plans"}),
    );
    assert_eq!(read["yaml"], sandbox.read("semantic-layer/orbit_demo/plans.yaml"));
    let source = json!({"name": "extra", "table": "plans", "grain": ["id"], "columns": [{"name": "id", "type": "number"}]});
    let extra = |more: Value| {
        let mut arguments = json!({"connectionId": "orbit_demo", "sourceName": "extra"});
        arguments
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        arguments
    };
    let written = client.call("sl_write_source", &extra(json!({"source": source})));
    assert_eq!(
        written["yaml"],
        sandbox.read("semantic-layer/orbit_demo/extra.yaml")
    );
    let checked = client.call(
        "sl_validate",
        &json!({"connectionId": "orbit_demo", "names": ["extra"]}),
    );
    assert_eq!(checked["success"], true);
    assert!(
        checked["warnings"][0]
            .as_str()
            .expect("a warning")
            .starts_with("Local stdio validation checks YAML shape only")
    );
    let broken = client.refused(
        "sl_write_source",
        &extra(json!({"yaml": "name: extra\ntable: x\n"})),
    );
    assert!(
        broken.starts_with("Invalid semantic-layer source: grain: grain must be non-empty"),
        "{broken}"
    );
    assert_eq!(
        client.call("sl_write_source", &extra(json!({"delete": true})))["success"],
        true
    );
    let gone = client.refused("sl_write_source", &extra(json!({"delete": true})));
    assert_eq!(gone, "Semantic-layer source \"orbit_demo/extra\" was not found");
    let hostile = client.refused(
        "sl_read_source",
        &json!({"connectionId": "orbit_demo", "sourceName": "../../ktx"}),
    );
    assert!(
        hostile.starts_with("Unsafe semantic-layer source name"),
        "{hostile}"
    );
}

#[test]
fn scans_and_ingests_are_made_and_read_back() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    let scanned = client.call(
        "scan_trigger",
        &json!({"connectionId": "orbit_demo", "detectRelationships": true}),
    );
    let run = scanned["runId"].clone();
    assert_eq!(scanned["report"]["trigger"], "mcp");
    assert_eq!(
        client.call("scan_status", &json!({"runId": run}))["status"],
        "done"
    );
    assert_eq!(
        client.call("scan_report", &json!({"runId": run})),
        scanned["report"]
    );
    let listed = client.call("scan_list_artifacts", &json!({"runId": run}));
    let kinds: std::collections::BTreeSet<&str> = listed["artifacts"]
        .as_array()
        .expect("artifacts")
        .iter()
        .filter_map(|artifact| artifact["type"].as_str())
        .collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["enrichment_artifact", "manifest_shard", "raw_source", "report"]
    );
    let shard = "semantic-layer/orbit_demo/_schema/public.yaml";
    let read = client.call("scan_read_artifact", &json!({"runId": run, "path": shard}));
    assert_eq!(read["content"], sandbox.read(shard));
    let outside = client.refused("scan_read_artifact", &json!({"runId": run, "path": "ktx.yaml"}));
    assert!(
        outside.starts_with("Scan artifact \"ktx.yaml\" was not found"),
        "{outside}"
    );

    sandbox.write("export/a/one.txt", "1");
    let config = json!({"sourceDir": sandbox.project().join("export")});
    let ingested = client.call(
        "ingest_trigger",
        &json!({"adapter": "fake", "connectionId": "orbit_demo", "config": config}),
    );
    let report = client.call("ingest_report", &json!({"runId": ingested["runId"]}));
    assert_eq!(report["workUnits"][0]["key"], "fake-a");
    assert_eq!(
        client.call("ingest_status", &json!({"runId": ingested["runId"]}))["status"],
        "done"
    );
    assert_eq!(
        client.call("ingest_replay", &json!({"runId": ingested["runId"]}))["events"],
        report["workUnits"]
    );
    assert_eq!(
        client.refused("ingest_status", &json!({"runId": "nope"})),
        "Local ingest run or report \"nope\" was not found"
    );
}

#[test]
fn queries_are_compiled_and_run_when_that_is_allowed() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let query = json!({
        "measures": ["contracts.contract_count", {"expr": "contracts.total_arr / 1000", "name": "thousands"}],
        "dimensions": ["plans.tier"], "order_by": [{"field": "plans.tier", "direction": "desc"}], "limit": 2,
    });
    let mut client = Client::start(&sandbox, &["--semantic-compute"]);
    let compiled = client.call("sl_query", &query);
    assert_eq!(
        (&compiled["rows"], &compiled["plan"]["execution"]["mode"]),
        (&json!([]), &json!("compile_only"))
    );
    let checked = client.call("sl_validate", &json!({"connectionId": "orbit_demo"}));
    assert_eq!(checked["success"], true, "{checked}");
    drop(client.end());
    let mut client = Client::start(&sandbox, &["--semantic-compute", "--execute-queries"]);
    let executed = client.call("sl_query", &query);
    assert_eq!(executed["totalRows"], 2);
    assert_eq!(executed["rows"][0][0], "starter");
    let refused = client.refused("sl_query", &json!({"measures": ["contracts.contract_cuont"]}));
    assert!(
        refused.ends_with("hint: did you mean `contracts.contract_count`?"),
        "{refused}"
    );
}

/// A longer path that was not taken, and a source that was left out, on each way an answer leaves the program.
#[test]
fn warnings_reach_the_terminal_json_agents_and_clients() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    sandbox.write(
        "semantic-layer/orbit_demo/shops.yaml",
        "name: shops\ntable: regions\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\n",
    );
    sandbox.write(
        "semantic-layer/orbit_demo/sales.yaml",
        "name: sales\ntable: contracts\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\njoins:\n  \
         - {to: shops, on: id = shops.id, relationship: many_to_one}\n  \
         - {to: clerks, on: id = clerks.id, relationship: many_to_one}\nmeasures:\n  - {name: n, expr: count(*)}\n",
    );
    sandbox.write(
        "semantic-layer/orbit_demo/clerks.yaml",
        "name: clerks\ntable: regions\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\njoins:\n  \
         - {to: shops, on: id = shops.id, relationship: many_to_one}\n",
    );
    sandbox.write("semantic-layer/orbit_demo/torn.yaml", "name: torn\ntable: [\n");
    let flags = [
        "--measure",
        "sales.n",
        "--dimension",
        "shops.id",
        "--execute",
        "--max-rows",
        "5",
    ];
    let pretty = sandbox
        .run(&[&["sl", "query", "--format", "pretty"], &flags[..]].concat())
        .succeeds();
    assert!(
        pretty.stderr().contains(
            "warning: `shops` is reached from `sales` by `shops`, not by `clerks.shops`\n\
             hint: for a longer path name it: `clerks.shops.id`\n"
        ),
        "{pretty}"
    );
    assert!(
        pretty.stderr().contains("warning: ") && pretty.stderr().contains("torn"),
        "{pretty}"
    );
    let codes = |answer: &Value| -> Vec<String> {
        let warnings = answer["warnings"].as_array().expect("a list");
        assert!(
            warnings.iter().all(|warning| warning["message"].is_string()),
            "{answer}"
        );
        let codes = warnings
            .iter()
            .map(|warning| warning["code"].as_str().expect("a code"));
        codes.map(str::to_owned).collect()
    };
    let expected = codes(
        &sandbox
            .run(&[&["sl", "query"], &flags[..]].concat())
            .succeeds()
            .json(),
    );
    assert!(expected.contains(&"longer-path".to_owned()), "{expected:?}");
    assert!(expected.contains(&"source-left-out".to_owned()), "{expected:?}");
    let query = json!({"measures": ["sales.n"], "dimensions": ["shops.id"]});
    sandbox.write("query.json", query.to_string());
    let agent = [
        "agent",
        "sl",
        "query",
        "--json",
        "--connection-id",
        "orbit_demo",
        "--query-file",
        "query.json",
    ];
    assert_eq!(codes(&sandbox.run(&agent).succeeds().json()), expected);
    let mut client = Client::start(&sandbox, &["--semantic-compute", "--execute-queries"]);
    assert_eq!(codes(&client.call("sl_query", &query)), expected);
}

/// Every tool says what it does not know, before anything else is done.
#[test]
fn keys_that_a_tool_does_not_know_are_refused() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let mut client = Client::start(&sandbox, &["--semantic-compute"]);
    let tools = client.tools();
    assert!(tools.len() > 5, "{tools:?}");
    for tool in tools {
        let name = tool["name"].as_str().expect("a name");
        let refused = client.refused(name, &json!({"zzzz": 1}));
        assert!(
            refused.contains("unknown") && refused.contains("zzzz"),
            "{name}: {refused}"
        );
    }
    for (query, told) in [
        (
            json!({"measures": ["contracts.contract_count"], "dimension": ["plans.tier"]}),
            "did you mean `dimensions`?",
        ),
        (
            json!({"measures": [{"expr": "contracts.contract_count", "nmae": "n"}]}),
            "did you mean `name`?",
        ),
        (
            json!({"measures": [], "dimensions": [{"field": "plans.tier", "granularty": "day"}]}),
            "did you mean `granularity`?",
        ),
    ] {
        let refused = client.refused("sl_query", &query);
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let sandbox = demo();
    assert_snapshot!(sandbox.run(&["serve", "--mcp", "sse"]), @r"
    $ ktx serve --mcp sse
    --- stderr
    failed to serve over `sse`: ktx serves over stdio and http
    --- exit 2
    ");
    assert_snapshot!(sandbox.run(&["serve", "--mcp", "stdio", "--execute-queries"]), @r"
    $ ktx serve --mcp stdio --execute-queries
    --- stderr
    --execute-queries requires --semantic-compute
    --- exit 1
    ");
    let nothing = sandbox.run(&["serve", "--mcp", "stdio"]).succeeds();
    assert_eq!(nothing.stdout(), "", "stdout is for the protocol alone");
    let nowhere = Sandbox::new().run(&["serve", "--mcp", "stdio"]);
    assert_eq!(nowhere.output.status.code(), Some(1));
}
