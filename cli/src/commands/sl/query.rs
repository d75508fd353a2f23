//! `ktx sl query`: measures by dimensions, as SQL or as rows.

use clap::{Args, ValueEnum};
use ktx_runtime::ports::{DimensionRequest, MeasureRequest, OrderRequest, SemanticQuery};
use serde_json::Value;

use crate::arguments::PolicyArguments;
use crate::failure::Usage;
use crate::session::Session;
use crate::table;
use ktx_app::Destination;
use ktx_app::Python;
use ktx_app::Workspace;
use ktx_app::tools::query::{Execution, QueryResult, QueryRun};

#[derive(Debug, Args)]
pub struct QueryArguments {
    /// The connection to query; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// A measure: `source.measure`, an aggregate expression or arithmetic over measures
    #[arg(long, value_name = "MEASURE")]
    measure: Vec<String>,
    /// A dimension: `source.column`, `role.column` or a longer path; `source.column:month` for a time
    #[arg(long, value_name = "DIMENSION")]
    dimension: Vec<String>,
    /// A condition, as SQL writes it
    #[arg(long, value_name = "CONDITION")]
    filter: Vec<String>,
    /// A segment: `source.segment`
    #[arg(long, value_name = "SEGMENT")]
    segment: Vec<String>,
    /// What to order by; `:asc` or `:desc` may follow it
    #[arg(long, value_name = "FIELD")]
    order_by: Vec<String>,
    /// The maximum number of groups [default: 1000]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Keep groups without facts (the default)
    #[arg(long, conflicts_with = "no_include_empty")]
    include_empty: bool,
    /// Drop groups without facts
    #[arg(long)]
    no_include_empty: bool,
    /// Add a row for every period between the first and the last
    #[arg(long)]
    fill: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Also run the SQL
    #[arg(long)]
    execute: bool,
    /// The maximum number of rows
    #[arg(long, value_name = "N", conflicts_with = "output")]
    max_rows: Option<u64>,
    /// Write the rows to a .csv, .jsonl or .parquet file; all of them, unless there is a --limit
    #[arg(long, value_name = "FILE", requires = "execute")]
    output: Option<Destination>,
    #[command(flatten)]
    policy: PolicyArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    /// Only the statement
    Sql,
    /// The rows as a table
    Pretty,
}

/// Prints the query's answer.
pub fn run(arguments: &QueryArguments, session: &Session) -> anyhow::Result<()> {
    let policy = arguments.policy.policy()?;
    let query = query_of(arguments)?;
    let workspace = Workspace::open(&session.app)?;
    let python = Python::new(&session.app, policy)?;
    let run = QueryRun {
        workspace: &workspace,
        python: &python,
        compiler: &python.semantic_layer(None)?,
        connection: arguments.connection_id.as_deref(),
        query,
        execution: match (arguments.execute, &arguments.output) {
            (true, Some(destination)) => Execution::Export(destination.clone()),
            (true, None) => Execution::Run {
                max_rows: arguments.max_rows,
            },
            (false, _) => Execution::CompileOnly,
        },
    };
    let result = match arguments.execute {
        true => session.terminal.during("Querying", || run.answer(&session.app))?,
        false => run.answer(&session.app)?,
    };
    for warning in &result.warnings {
        session
            .printer
            .diagnostic(&format!("warning: {}", warning.message));
        if let Some(hint) = &warning.hint {
            session.printer.diagnostic(&format!("hint: {hint}"));
        }
    }
    if let Some(exported) = &result.exported {
        session.printer.diagnostic(&exported.to_string());
    }
    match arguments.format {
        Format::Json => session.printer.json(&result),
        Format::Sql => session.printer.line(&result.sql),
        Format::Pretty if result.exported.is_some() => {}
        Format::Pretty if !arguments.execute => session.printer.line(&result.sql),
        Format::Pretty => print_table(session, &result),
    }
    Ok(())
}

fn query_of(arguments: &QueryArguments) -> anyhow::Result<SemanticQuery> {
    if arguments.measure.is_empty() && arguments.dimension.is_empty() {
        anyhow::bail!("sl query requires at least one --measure");
    }
    let orders = arguments.order_by.iter().map(|text| OrderRequest::parse(text));
    Ok(SemanticQuery {
        measures: arguments
            .measure
            .iter()
            .cloned()
            .map(MeasureRequest::Text)
            .collect(),
        dimensions: arguments
            .dimension
            .iter()
            .map(|text| DimensionRequest::parse(text))
            .collect(),
        filters: arguments.filter.clone(),
        segments: arguments.segment.clone(),
        order_by: orders
            .collect::<Result<_, _>>()
            .map_err(|error| Usage(error.to_string()))?,
        limit: arguments.limit,
        include_empty: match (arguments.include_empty, arguments.no_include_empty) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        fill: arguments.fill.then_some(true),
    })
}

/// Columns that only a measure needs are skipped; they are in the JSON.
fn print_table(session: &Session, result: &QueryResult) {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let shown = result.asked_columns;
    let rows: Vec<Vec<String>> = result
        .rows
        .iter()
        .map(|row| row.iter().take(shown).map(cell).collect())
        .collect();
    let headers: Vec<String> = result.headers.iter().take(shown).cloned().collect();
    session.printer.line(&table::render(&headers, &rows));
    if result.truncated {
        session.printer.line(&format!(
            "The first {} rows; there are more. Pass a larger --limit to see them.",
            result.total_rows
        ));
    }
    session.printer.diagnostic(&format!("{} rows", result.total_rows));
}
