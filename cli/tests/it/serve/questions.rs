//! From a question to a query: what answers it, how it can be grouped, what to filter by.

use serde_json::{Value, json};

use super::demo;
use crate::sandbox::mcp::Client;
use crate::sandbox::python;

#[test]
fn a_question_in_words_finds_what_answers_it() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    for (question, source, measure) in [
        (
            "How much ARR do we have from active contracts?",
            "contracts",
            "contracts.active_arr",
        ),
        ("average ARR of one seat", "contracts", "contracts.arr_per_seat"),
        ("number of contracts", "contracts", "contracts.contract_count"),
    ] {
        let found = client.call("discover", &json!({"question": question}));
        let sources = found["sources"].as_array().expect("sources");
        assert!((1..=5).contains(&sources.len()), "{found}");
        assert_eq!(sources[0]["source"], source, "{question}: {found}");
        assert_eq!(
            sources[0]["measures"][0]["name"], measure,
            "{question}: {}",
            sources[0]
        );
        assert_ne!(sources[0]["measures"][0]["words"], Value::Null);
        assert_ne!(sources[0]["reasons"], json!([]));
    }
    let nothing = client.call("discover", &json!({"question": "weather on mars"}));
    assert_eq!(nothing["sources"], json!([]));
    let one = client.call("discover", &json!({"question": "contract", "limit": 1}));
    assert_eq!(
        (one["sources"].as_array().map(Vec::len), &one["truncated"]),
        (Some(1), &json!(true))
    );
}

/// Everything that is listed compiles with the measures, and a column that is not listed would repeat rows or is not
/// reached in one way.
#[test]
fn the_dimensions_of_measures_are_those_that_the_compiler_takes() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let mut client = Client::start(&sandbox, &["--semantic-compute"]);
    let columns: Vec<String> = client.call("sl_list_sources", &json!({}))["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .map(|source| format!("{}.id", source["name"].as_str().expect("a name")))
        .collect();
    for measures in [
        json!(["contracts.total_arr"]),
        json!(["sum(contracts.seats)"]),
        json!(["tickets.ticket_count"]),
        json!(["contracts.total_arr", "invoices.invoice_count"]),
        json!(["contracts.total_arr / tickets.ticket_count"]),
    ] {
        let (mut names, mut ambiguous, mut cursor) = (Vec::new(), Vec::new(), Value::Null);
        loop {
            let found = client.call("dimensions_for", &json!({"measures": measures, "cursor": cursor}));
            let page = found["dimensions"].as_array().expect("dimensions").iter();
            names.extend(page.map(|dimension| dimension["name"].as_str().expect("a name").to_owned()));
            for place in found["ambiguous"].as_array().into_iter().flatten() {
                ambiguous.push(format!("{}.id", place["place"].as_str().expect("a place")));
            }
            cursor = found["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert!(!names.is_empty(), "{measures}");
        // One query over all of them at once.
        let all = client.call("sl_query", &json!({"measures": measures, "dimensions": names}));
        assert!(
            all["sql"]
                .as_str()
                .is_some_and(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH")),
            "{all}"
        );
        for column in columns.iter().filter(|column| !names.contains(column)) {
            let query = json!({"measures": measures, "dimensions": [column]});
            let refused = client.refused("sl_query", &query);
            assert!(!refused.is_empty(), "{measures} by {column}");
        }
        for column in ambiguous {
            let refused = client.refused("sl_query", &json!({"measures": measures, "dimensions": [column]}));
            assert!(
                refused.contains("ambiguous path"),
                "{measures} by {column}: {refused}"
            );
        }
    }
    for (measure, told) in [
        ("contracts.total_ar", "hint: did you mean `contracts.total_arr`"),
        ("contract.total_arr", "hint: did you mean `contracts`"),
        ("count(*)", "it names no source"),
    ] {
        let refused = client.refused("dimensions_for", &json!({"measures": [measure]}));
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn values_of_columns_with_few_are_found() {
    let sandbox = demo();
    let mut client = Client::start(
        &sandbox,
        &["--semantic-compute", "--execute-queries", "--no-input"],
    );
    let found = client.call("dictionary_search", &json!({"query": "CANCEL"}));
    let columns = found["columns"].as_array().expect("columns");
    let status = columns
        .iter()
        .find(|column| column["dimension"] == "contracts.status")
        .unwrap_or_else(|| panic!("{found}"));
    assert_eq!(status["values"], json!(["cancelled"]));
    let all = client.call(
        "dictionary_search",
        &json!({"sourceName": "contracts", "column": "status"}),
    );
    assert_eq!(
        all["columns"],
        json!([{"dimension": "contracts.status", "values": ["active", "cancelled", "renewed"]}])
    );
    let names = client.call("dictionary_search", &json!({"sourceName": "accounts"}));
    let listed = names["columns"].as_array().expect("columns").iter();
    assert!(
        listed
            .clone()
            .all(|column| column["dimension"] != "accounts.name"),
        "{names}"
    );
    let unknown = client.refused("dictionary_search", &json!({"sourceName": "contract"}));
    assert!(unknown.ends_with("hint: did you mean `contracts`?"), "{unknown}");
    drop(client.end());
    let mut client = Client::start(&sandbox, &[]);
    let refused = client.refused("dictionary_search", &json!({}));
    assert!(
        refused.ends_with("hint: start it with --execute-queries"),
        "{refused}"
    );
}

#[test]
fn plain_sql_only_reads_and_only_where_queries_may_run() {
    let sandbox = demo();
    let mut client = Client::start(
        &sandbox,
        &["--semantic-compute", "--execute-queries", "--no-input"],
    );
    let rows = client.call(
        "sql_execute",
        &json!({"sql": "select id from contracts order by id", "maxRows": 2}),
    );
    assert_eq!(
        (&rows["rows"], &rows["truncated"]),
        (&json!([[1], [2]]), &json!(true))
    );
    let none = client.call(
        "sql_execute",
        &json!({"sql": "select id from contracts", "maxRows": 0}),
    );
    assert_eq!(none["rows"], json!([]));
    let wide = client.call("sql_execute", &json!({
        "sql": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 900) select hex(zeroblob(1000)) from n",
        "maxRows": 1000,
    }));
    assert_eq!(wide["truncated"], true);
    assert!(wide.to_string().len() < 110_000, "{}", wide.to_string().len());
    for (sql, told) in [
        ("delete from contracts", "Only read-only"),
        ("with x as (select 1) insert into contracts select * from x", ""),
        ("select 1; select 2", ""),
        ("select * from nowhere", "nowhere"),
    ] {
        let refused = client.refused("sql_execute", &json!({"sql": sql}));
        assert!(refused.contains(told), "{sql}: {refused}");
    }
    let refused = client.refused("sql_execute", &json!({"sql": "select 1", "maxRows": 1001}));
    assert_eq!(
        refused,
        "maxRows must be less than or equal to 1000.\nhint: pass maxRows 1000 or less"
    );
    drop(client.end());
    let mut client = Client::start(&sandbox, &[]);
    let unknown = client.request(
        "tools/call",
        &json!({"name": "sql_execute", "arguments": {"sql": "select 1"}}),
    );
    assert_eq!(unknown["error"]["code"], -32602);
}

#[test]
fn the_model_is_there_as_resources() {
    let sandbox = demo();
    let mut client = Client::start(&sandbox, &[]);
    let listed = client.request("resources/list", &json!({}))["result"]["resources"].clone();
    let uris: Vec<&str> = listed
        .as_array()
        .expect("resources")
        .iter()
        .filter_map(|resource| resource["uri"].as_str())
        .collect();
    assert_eq!(uris[0], "ktx://overview");
    assert!(
        uris.contains(&"ktx://orbit_demo/contracts") && uris.len() == 12,
        "{uris:?}"
    );
    for uri in uris {
        let read = client.request("resources/read", &json!({"uri": uri}));
        let contents = &read["result"]["contents"][0];
        assert_eq!(contents["uri"], uri);
        let text = contents["text"].as_str().expect("text");
        match uri.strip_prefix("ktx://orbit_demo/") {
            Some(source) => assert_eq!(
                text,
                sandbox.read(&format!("semantic-layer/orbit_demo/{source}.yaml"))
            ),
            None => assert!(
                text.contains("### contracts\n")
                    && text.contains("- joins: accounts, plans, employees as signer\n"),
                "{text}"
            ),
        }
    }
    for uri in [
        "ktx://orbit_demo/nothing",
        "ktx://nowhere/contracts",
        "ktx://orbit_demo/../../ktx",
        "ktx://x",
        "file:///etc/passwd",
        "",
    ] {
        let answer = client.request("resources/read", &json!({"uri": uri}));
        assert!(answer["error"]["message"].is_string(), "{uri}: {answer}");
    }
    let template = client.request("resources/templates/list", &json!({}));
    assert_eq!(
        template["result"]["resourceTemplates"][0]["uriTemplate"],
        "ktx://{connection}/{source}"
    );
}
