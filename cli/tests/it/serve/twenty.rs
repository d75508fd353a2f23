//! Twenty questions over the demo, as an agent answers them: how many calls each needs, and how many bytes it reads. The
//! table is in the documentation, so that a change of either is seen.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::demo;
use crate::sandbox::mcp::Client;
use crate::sandbox::python;

/// A question, what it is asked with, and what of that only `dimensions_for` or `dictionary_search` tells.
struct Question {
    words: &'static str,
    measure: &'static str,
    dimension: Option<&'static str>,
    filter: Option<(&'static str, &'static str)>,
}

const fn plain(words: &'static str, measure: &'static str) -> Question {
    Question {
        words,
        measure,
        dimension: None,
        filter: None,
    }
}

const fn by(words: &'static str, measure: &'static str, dimension: &'static str) -> Question {
    Question {
        words,
        measure,
        dimension: Some(dimension),
        filter: None,
    }
}

const fn with(
    words: &'static str,
    measure: &'static str,
    dimension: &'static str,
    value: &'static str,
) -> Question {
    Question {
        words,
        measure,
        dimension: None,
        filter: Some((dimension, value)),
    }
}

const QUESTIONS: [Question; 20] = [
    plain("How many contracts are there?", "contracts.contract_count"),
    plain("What is the ARR of active contracts?", "contracts.active_arr"),
    plain("What is the average ARR of one seat?", "contracts.arr_per_seat"),
    plain("How many accounts do we have?", "accounts.account_count"),
    plain("How many accounts left?", "accounts.churned_accounts"),
    plain("What is the churn rate of accounts?", "accounts.churn_rate"),
    plain("How many support tickets are open?", "tickets.open_tickets"),
    plain(
        "What is the average satisfaction with tickets?",
        "tickets.average_satisfaction",
    ),
    plain("How much was invoiced?", "invoices.invoiced"),
    plain(
        "How many days does it take to pay an invoice on average?",
        "invoices.average_days_to_pay",
    ),
    plain("How many employees are there?", "employees.headcount"),
    plain(
        "Which share of users is active (activation)?",
        "users.activation_rate",
    ),
    plain("What has the best account paid?", "account_revenue.best_account"),
    by(
        "ARR of contracts by tier of the plan",
        "contracts.total_arr",
        "plans.tier",
    ),
    by(
        "Number of accounts by name of the region",
        "accounts.account_count",
        "regions.name",
    ),
    by(
        "Support tickets by industry of the account",
        "tickets.ticket_count",
        "accounts.industry",
    ),
    by(
        "Events of product usage by area of the feature",
        "product_usage.total_events",
        "features.area",
    ),
    by(
        "Headcount of employees by team",
        "employees.headcount",
        "employees.team",
    ),
    with(
        "How many contracts were renewed?",
        "contracts.contract_count",
        "contracts.status",
        "renewed",
    ),
    with(
        "How many urgent support tickets?",
        "tickets.ticket_count",
        "tickets.priority",
        "urgent",
    ),
];

#[test]
fn twenty_questions_need_few_calls_and_bytes() {
    let Some(shared) = python::shared() else { return };
    let sandbox = shared.sandbox(demo());
    let mut client = Client::start(&sandbox, &["--semantic-compute", "--execute-queries"]);
    let mut table = "# What an agent needs for twenty questions\n\n\
        Asked of the demo (`ktx setup demo`) over MCP: `discover` first, `dimensions_for` or `dictionary_search` when its answer\n\
        lacks a name or a value, then `sl_query`. Bytes are those of the results. `cargo test` keeps the table.\n\n\
        | question | calls | bytes |\n| --- | ---: | ---: |\n"
        .to_owned();
    let (mut all_calls, mut all_bytes) = (0, 0);
    for question in QUESTIONS {
        let mut calls = 0;
        let mut read = String::new();
        let mut ask = |tool: &str, arguments: Value| -> Value {
            let answer = client.call(tool, &arguments);
            calls += 1;
            read += &answer.to_string();
            answer
        };
        let _ = ask("discover", json!({"question": question.words, "limit": 3}));
        let mut query = json!({"measures": [question.measure]});
        if let Some(dimension) = question.dimension {
            query["dimensions"] = json!([dimension]);
        }
        if let Some((dimension, value)) = question.filter {
            let found = ask("dictionary_search", json!({"query": value}));
            assert!(
                found.to_string().contains(dimension),
                "{}: {found}",
                question.words
            );
            query["filters"] = json!([format!("{dimension} = '{value}'")]);
        }
        let answer = ask("sl_query", query);
        assert!(
            answer["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
            "{}: {answer}",
            question.words
        );
        assert_ne!(answer["rows"][0][0], Value::Null, "{}", question.words);
        // Nothing is known but what was read before it was used.
        let (before, _) = read.split_at(read.len() - answer.to_string().len());
        for name in [Some(question.measure), question.dimension].into_iter().flatten() {
            assert!(
                before.contains(&format!("\"{name}\"")),
                "{}: `{name}` is not in {before}",
                question.words
            );
        }
        let _ = writeln!(table, "| {} | {calls} | {} |", question.words, read.len());
        all_calls += calls;
        all_bytes += read.len();
    }
    let _ = writeln!(table, "| all | {all_calls} | {all_bytes} |");
    assert!(
        all_calls <= 50 && all_bytes <= 100_000,
        "{all_calls} calls, {all_bytes} bytes"
    );
    ktx_fixtures::expected::file("docs/TWENTY-QUESTIONS.md", &table);
}
