//! `ktx sl query`: measures by dimensions, as SQL or as rows.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::failure::Usage;
use crate::progress;
use crate::python::{PolicyArguments, Python};
use crate::session::Session;
use crate::table;
use crate::tools::query::{Execution, Query, QueryResult};
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub struct QueryArguments {
    /// The connection to ask; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// A measure: `source.measure` or an aggregate expression; at least one
    #[arg(long, value_name = "MEASURE")]
    measure: Vec<String>,
    /// A dimension: `source.column`, or `source.column:month` for a time
    #[arg(long, value_name = "DIMENSION")]
    dimension: Vec<String>,
    /// A condition, as SQL writes it
    #[arg(long, value_name = "CONDITION")]
    filter: Vec<String>,
    /// A segment: `source.segment`
    #[arg(long, value_name = "SEGMENT")]
    segment: Vec<String>,
    /// What to order by, with `:asc` or `:desc` behind it
    #[arg(long, value_name = "FIELD")]
    order_by: Vec<String>,
    /// At most so many groups [default: 1000]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Keep groups without facts, as is the default
    #[arg(long, conflicts_with = "no_include_empty")]
    include_empty: bool,
    /// Leave groups without facts out
    #[arg(long)]
    no_include_empty: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Run the SQL as well
    #[arg(long)]
    execute: bool,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    #[command(flatten)]
    policy: PolicyArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    /// The statement alone
    Sql,
    /// The rows as a table
    Pretty,
}

/// Granularities of a time dimension.
const GRANULARITIES: [&str; 6] = ["year", "quarter", "month", "week", "day", "hour"];

/// Prints the query's answer.
pub fn run(arguments: &QueryArguments, session: &Session) -> anyhow::Result<()> {
    let policy = arguments.policy.policy()?;
    let query = document(arguments)?;
    let workspace = Workspace::open(session)?;
    let python = Python::new(session, policy)?;
    let query = Query {
        workspace: &workspace,
        python: &python,
        backend: &python.semantic_layer(None)?,
        connection: arguments.connection_id.as_deref(),
        query,
        execution: match arguments.execute {
            true => Execution::Run {
                max_rows: arguments.max_rows,
            },
            false => Execution::CompileOnly,
        },
    };
    let result = match arguments.execute {
        true => progress::during(session, "Querying", || query.answer(session))?,
        false => query.answer(session)?,
    };
    match arguments.format {
        Format::Json => session.printer.json(&result),
        Format::Sql => session.printer.line(&result.sql),
        Format::Pretty if !arguments.execute => session.printer.line(&result.sql),
        Format::Pretty => print_table(session, &result),
    }
    Ok(())
}

/// The query as the payload reads it.
fn document(arguments: &QueryArguments) -> anyhow::Result<Value> {
    if arguments.measure.is_empty() {
        anyhow::bail!("sl query requires at least one --measure");
    }
    let order_by: Vec<Value> = arguments
        .order_by
        .iter()
        .map(|text| order_key(text))
        .collect::<Result<_, _>>()?;
    let mut query = json!({
        "measures": arguments.measure,
        "dimensions": arguments.dimension.iter().map(|text| dimension(text)).collect::<Vec<_>>(),
        "filters": arguments.filter,
        "segments": arguments.segment,
        "order_by": order_by,
    });
    if let Some(limit) = arguments.limit {
        query["limit"] = limit.into();
    }
    if arguments.include_empty || arguments.no_include_empty {
        query["include_empty"] = arguments.include_empty.into();
    }
    Ok(query)
}

fn dimension(text: &str) -> Value {
    match text.rsplit_once(':') {
        Some((field, granularity)) if GRANULARITIES.contains(&granularity.to_lowercase().as_str()) => {
            json!({"field": field, "granularity": granularity})
        }
        _ => text.into(),
    }
}

fn order_key(text: &str) -> Result<Value, Usage> {
    match text.rsplit_once(':') {
        Some((field, direction @ ("asc" | "desc"))) => Ok(json!({"field": field, "direction": direction})),
        Some((field, direction)) => Err(Usage(format!(
            "failed to read `--order-by {field}:{direction}`: direction must be asc or desc"
        ))),
        None => Ok(text.into()),
    }
}

fn print_table(session: &Session, result: &QueryResult) {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let rows: Vec<Vec<String>> = result
        .rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    session.printer.line(&table::render(&result.headers, &rows));
    session.printer.talk(&format!("{} rows", result.total_rows));
}
