//! `ktx agent sl`: list, search, read and query sources.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ktx_app::Error;
use ktx_project::yaml;
use ktx_runtime::ports::SemanticQuery;
use serde_json::Value;

use super::JsonArgument;
use crate::arguments::PolicyArguments;
use crate::session::Session;
use ktx_app::Python;
use ktx_app::Workspace;
use ktx_app::tools::query::{Execution, QueryRun};
use ktx_app::tools::{sources, sql};

#[derive(Debug, Subcommand)]
pub enum SlCommand {
    /// List the sources, or search them
    List(ListArguments),
    /// Print the YAML of a source
    Read(ReadArguments),
    /// Compile a query, and run it
    Query(QueryArguments),
}

#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only the sources of this connection
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// What to search for
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Debug, Args)]
pub struct ReadArguments {
    /// The source's name
    name: String,
    /// The source's connection; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Debug, Args)]
pub struct QueryArguments {
    /// The connection to query
    #[arg(long, value_name = "ID")]
    connection_id: String,
    /// The file with the query, as JSON
    #[arg(long, value_name = "PATH")]
    query_file: PathBuf,
    /// Also run it
    #[arg(long, requires = "max_rows")]
    execute: bool,
    /// The maximum number of rows
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    _json: JsonArgument,
}

/// Runs one command of the group.
pub fn run(command: &SlCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SlCommand::List(arguments) => {
            let listing = sources::list(
                &session.app,
                arguments.connection_id.as_deref(),
                arguments.query.as_deref(),
            )?;
            session.printer.json(&listing);
        }
        SlCommand::Read(arguments) => {
            let text = sources::read(&session.app, arguments.connection_id.as_deref(), &arguments.name)?;
            session.printer.json(&text);
        }
        SlCommand::Query(arguments) => query(arguments, session)?,
    }
    Ok(())
}

fn query(arguments: &QueryArguments, session: &Session) -> anyhow::Result<()> {
    let python = Python::new(&session.app, arguments.policy.policy()?)?;
    let workspace = Workspace::open(&session.app)?;
    let text = fs_err::read_to_string(&arguments.query_file)?;
    let mut query = read_query(&text).map_err(|error| {
        let path = arguments.query_file.display();
        Error::Refused {
            message: format!("failed to read `{path}`: {error}"),
            hint: error.hint(),
        }
    })?;
    if let Some(rows) = arguments.max_rows {
        sql::check_cap(rows)?;
        // The cap of a program is the query's limit too: more is never looked at.
        query.limit = Some(rows);
    }
    let run = QueryRun {
        workspace: &workspace,
        python: &python,
        compiler: &python.semantic_layer(None)?,
        connection: Some(&arguments.connection_id),
        query,
        execution: match arguments.execute {
            true => Execution::Run {
                max_rows: arguments.max_rows,
            },
            false => Execution::CompileOnly,
        },
    };
    session.printer.json(&run.answer(&session.app)?);
    Ok(())
}

/// JSON is YAML: a syntax error has its line.
fn read_query(text: &str) -> Result<SemanticQuery, Error> {
    let node = yaml::parse(text).map_err(|error| Error::refused(error.to_string()))?;
    match node.to_json() {
        Value::Object(query) => ktx_app::arguments::read(query),
        _ => Err(Error::refused("expected an object with `measures`")),
    }
}
