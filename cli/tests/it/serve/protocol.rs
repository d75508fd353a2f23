//! What the protocol promises of every tool: malformed requests, schemas, sizes, pages, progress, older clients.

use serde_json::{Value, json};

use super::demo;
use crate::sandbox::mcp::Client;
use crate::sandbox::{python, wait_until};

#[test]
fn malformed_requests_are_answered_with_their_id() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    let lines = include_str!("../../../../fixtures/cases/mcp-lines.jsonl");
    // The first two say hello, as the client has.
    for (line, code) in lines.lines().skip(2).zip([-32600, -32602, -32602]) {
        let request: Value = serde_json::from_str(line).expect("json");
        client.send(line);
        let answer = client.receive();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&request["id"], &json!(code)),
            "{line}"
        );
    }
    // Neither a line that is not JSON nor one that is empty ends the server.
    client.send("{ not json");
    client.send("");
    assert_eq!(client.request("ping", &json!({}))["result"], json!({}));
    let unknown = client.request("tools/call", &json!({"name": "sl_list_source", "arguments": {}}));
    let message = unknown["error"]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("unknown tool `sl_list_source`; did you mean `sl_list_sources`"),
        "{message}"
    );
}

#[test]
fn every_tool_says_what_it_takes_and_what_it_returns() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    for tool in client.tools() {
        for (part, root) in [("inputSchema", "object"), ("outputSchema", "object")] {
            assert_eq!(tool[part]["type"], root, "{tool}");
            jsonschema::validator_for(&tool[part]).expect("a schema");
            let members = tool[part]["properties"].as_object().expect("members");
            assert!(members.values().all(Value::is_object), "{part} of {tool}");
        }
        assert!(
            tool["description"].as_str().is_some_and(|text| text.len() > 20),
            "{tool}"
        );
        assert!(tool["annotations"]["readOnlyHint"].is_boolean(), "{tool}");
    }
}

#[test]
fn a_client_that_does_not_know_structured_content_gets_text() {
    let sandbox = demo();
    let mut client = Client::of_version(&sandbox, &[], "2025-03-26");
    let answer = client.request("tools/call", &json!({"name": "connection_list", "arguments": {}}));
    let result = &answer["result"];
    assert_eq!(result.get("structuredContent"), None);
    let text: Value =
        serde_json::from_str(result["content"][0]["text"].as_str().expect("text")).expect("json");
    assert_eq!(text["connections"][0]["id"], "orbit_demo");
}

#[test]
fn a_long_list_comes_in_pages() {
    let sandbox = demo();
    let tables: String = (0..500)
        .map(|number| {
            format!(
                "  customer_orders_of_region_{number:03}:\n    table: regions\n    descriptions: {{db: '{}'}}\n    \
                 columns: [{{name: id, type: number, pk: true}}]\n",
                "The orders of one region, with what was sold and when. ".repeat(8)
            )
        })
        .collect();
    sandbox.write(
        "semantic-layer/orbit_demo/_schema/public.yaml",
        format!("tables:\n{tables}"),
    );
    let mut client = Client::start(&sandbox, &[]);
    for query in [Value::Null, json!("orders region")] {
        let (mut names, mut cursor, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let page = client.call("sl_list_sources", &json!({"query": query, "cursor": cursor}));
            assert!(page.to_string().len() < 25_000, "{}", page.to_string().len());
            let sources = page["sources"].as_array().expect("sources").iter();
            names.extend(sources.map(|source| source["name"].to_string()));
            assert!(page["totalSources"].as_u64() >= Some(500), "{page}");
            cursor = page["nextCursor"].clone();
            pages += 1;
            if cursor.is_null() {
                break;
            }
        }
        assert!((2..=20).contains(&pages), "{pages}");
        let all = names.len();
        names.sort();
        names.dedup();
        assert!(
            names.len() >= 500 && names.len() == all,
            "{} of {all}",
            names.len()
        );
    }
    let refused = client.refused("sl_list_sources", &json!({"cursor": "x"}));
    assert!(refused.starts_with("failed to read the cursor `x`"), "{refused}");
}

#[test]
fn long_work_reports_its_steps_to_a_client_that_asks() {
    let sandbox = demo();
    sandbox.write("export/a/one.txt", "1");
    let mut client = Client::start(&sandbox, &[]);
    for (tool, arguments, steps) in [
        (
            "scan_trigger",
            json!({"connectionId": "orbit_demo", "detectRelationships": true}),
            [
                "reading the tables of `orbit_demo`",
                "looking for joins that no key declares",
                "comparing values of columns with keys: 0 of 1",
                "comparing 10 tables with the last scan",
            ]
            .as_slice(),
        ),
        (
            "ingest_trigger",
            json!({"connectionId": "orbit_demo", "adapter": "fake", "config": {"sourceDir": "export"}}),
            &[
                "reading with the adapter `fake`",
                "comparing 1 files with the last ingest",
            ],
        ),
        (
            "ingest_trigger",
            json!({"connectionId": "orbit_demo", "adapter": "live-database"}),
            &[
                "reading with the adapter `live-database`",
                "reading the tables of `orbit_demo`",
                "comparing 10 tables with the last scan",
            ],
        ),
    ] {
        let told = client.call_with_progress(tool, &arguments);
        assert_eq!(told, steps, "{tool}");
    }
}

/// A query that runs for as long as it is allowed to holds its lock on the file, until its client cancels it.
#[test]
fn a_cancelled_call_ends_its_work() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared
        .sandbox(demo())
        .variable("KTX_STATEMENT_TIMEOUT_MS", "3600000");
    let mut client = Client::start(&sandbox, &["--semantic-compute", "--execute-queries"]);
    let endless = "select count(*) from contracts a, contracts b, contracts c, contracts d, contracts e";
    let call = json!({"jsonrpc": "2.0", "id": "endless", "method": "tools/call", "params": {
        "name": "sql_execute", "arguments": {"connectionId": "orbit_demo", "sql": endless},
    }});
    client.send(&call.to_string());
    let file = rusqlite::Connection::open(sandbox.project().join("demo.db")).expect("opens");
    let is_read = || match file.execute_batch("begin exclusive; rollback") {
        Ok(()) => false,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => true,
        Err(error) => panic!("{error}"),
    };
    wait_until("the query runs", is_read);
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "endless"}});
    client.send(&cancel.to_string());
    wait_until("the query has ended", || !is_read());
    // There is no answer to it, and the server goes on.
    assert_eq!(client.request("ping", &json!({}))["result"], json!({}));
    assert_eq!(
        client.call(
            "sql_execute",
            &json!({"connectionId": "orbit_demo", "sql": "select 1"})
        )["rows"],
        json!([[1]])
    );
}

#[test]
fn errors_name_arguments() {
    let sandbox = demo();
    sandbox.write(
        "ktx.yaml",
        "project: p\nconnections:\n  a: {driver: sqlite, path: demo.db, readonly: true}\n  b: {driver: sqlite, path: demo.db, readonly: true}\n",
    );
    let mut client = Client::start(&sandbox, &["--semantic-compute-url", "http://127.0.0.1:9"]);
    for (tool, arguments, hint) in [
        (
            "sl_query",
            json!({"measures": ["a.b"]}),
            "pass connectionId with one of: a, b",
        ),
        (
            "ingest_trigger",
            json!({"connectionId": "a", "adapter": "looker"}),
            "pass it with config.sourceDir",
        ),
    ] {
        let refused = client.refused(tool, &arguments);
        assert!(refused.ends_with(&format!("hint: {hint}")), "{refused}");
    }
}

#[test]
fn an_ingest_reads_the_project_and_the_folders_that_it_names() {
    let sandbox = demo();
    sandbox.write("export/a/one.txt", "1");
    let outside = tempfile::tempdir().expect("a temporary folder");
    let outside = fs_err::canonicalize(outside.path()).expect("a path");
    fs_err::create_dir_all(outside.join("named/b")).expect("makes");
    fs_err::create_dir_all(outside.join("other/c")).expect("makes");
    fs_err::write(outside.join("named/b/two.txt"), "2").expect("writes");
    fs_err::write(outside.join("other/c/three.txt"), "3").expect("writes");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.join("other"), sandbox.project().join("link")).expect("links");
    let config = sandbox.read("ktx.yaml");
    sandbox.write(
        "ktx.yaml",
        format!(
            "{config}ingest:\n  folders: [{}]\n",
            outside.join("named").display()
        ),
    );
    let mut client = Client::start(&sandbox, &[]);
    let mut ingest = |folder: &str| -> Result<(), String> {
        let arguments =
            json!({"adapter": "fake", "connectionId": "orbit_demo", "config": {"sourceDir": folder}});
        let answer = client.request(
            "tools/call",
            &json!({"name": "ingest_trigger", "arguments": arguments}),
        );
        match answer["result"]["isError"] == true {
            true => Err(answer["result"]["content"][0]["text"]
                .as_str()
                .expect("text")
                .to_owned()),
            false => Ok(()),
        }
    };
    let path = |inner: &str| outside.join(inner).display().to_string();
    for folder in [
        "export",
        "./export",
        &path("named"),
        &path("named/b/.."),
        &sandbox.project().join("export").display().to_string(),
    ] {
        assert_eq!(ingest(folder), Ok(()), "{folder}");
    }
    let mut refused = vec![
        path("other"),
        path("named/../other"),
        path("absent"),
        "..".to_owned(),
        "export/../..".to_owned(),
        "/".to_owned(),
    ];
    if cfg!(unix) {
        refused.push("link".to_owned());
    }
    for folder in refused {
        let error = ingest(&folder).expect_err("refused");
        assert_eq!(
            error,
            format!(
                "failed to read `{folder}`: it is not in the project folder\nhint: add its folder to `ingest.folders` in ktx.yaml"
            )
        );
    }
}

#[test]
fn what_validate_refuses_is_not_written() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let good = "name: extra\ntable: plans\ngrain: [id]\ncolumns:\n  - {name: id, type: number}\n";
    let mut client = Client::start(&sandbox, &["--semantic-compute"]);
    for (broken, why) in [
        (
            format!("{good}measures:\n  - {{name: n, expr: 'sum(id'}}\n"),
            "extra",
        ),
        (
            format!("{good}measures:\n  - {{name: n, expr: sum(absent)}}\n"),
            "absent",
        ),
        (
            format!("{good}joins:\n  - {{to: nowhere, on: id = nowhere.id, relationship: many_to_one}}\n"),
            "nowhere",
        ),
        (good.replace("[id]", "[other]"), "other"),
        (
            "name: extra\nmeasures:\n  - {name: n, expr: count(*)}\n".to_owned(),
            "matches no scanned table",
        ),
    ] {
        let arguments = json!({"connectionId": "orbit_demo", "sourceName": "extra", "yaml": broken});
        let written = client.request(
            "tools/call",
            &json!({"name": "sl_write_source", "arguments": arguments}),
        );
        let written = &written["result"];
        let was_refused = written["isError"] == true;
        // What is refused here is what the command refuses, no more and no less.
        sandbox.write("semantic-layer/orbit_demo/extra.yaml", &broken);
        let validated = sandbox.run(&["sl", "validate", "extra"]);
        assert_eq!(
            was_refused,
            validated.output.status.code() == Some(1),
            "{broken}{written}{validated}"
        );
        if was_refused {
            let text = written["content"][0]["text"].as_str().expect("text");
            assert!(
                text.starts_with("Invalid semantic-layer source: ") && text.contains(why),
                "{text}"
            );
        }
        fs_err::remove_file(sandbox.project().join("semantic-layer/orbit_demo/extra.yaml")).expect("removes");
        if was_refused {
            let arguments = json!({"connectionId": "orbit_demo", "sourceName": "extra", "yaml": broken});
            let _ = client.refused("sl_write_source", &arguments);
            assert!(
                !sandbox
                    .project()
                    .join("semantic-layer/orbit_demo/extra.yaml")
                    .exists()
            );
        }
    }
    let arguments = json!({"connectionId": "orbit_demo", "sourceName": "extra", "yaml": good});
    assert_eq!(client.call("sl_write_source", &arguments)["success"], true);
}

#[test]
fn a_limit_of_nothing_gives_no_rows() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let mut client = Client::start(&sandbox, &["--semantic-compute", "--execute-queries"]);
    let query = json!({"measures": ["contracts.contract_count"], "dimensions": ["plans.tier"], "limit": 0});
    let answer = client.call("sl_query", &query);
    assert_eq!(
        (&answer["rows"], &answer["totalRows"]),
        (&json!([]), &json!(0)),
        "{answer}"
    );
    assert_eq!(answer["truncated"], true, "there are some");
    assert!(
        answer["sql"].as_str().expect("sql").ends_with("LIMIT 0"),
        "{answer}"
    );
}
