//! `ktx agent sql execute`: one reading statement from a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonArgument;
use crate::arguments::PolicyArguments;
use crate::session::Session;
use ktx_app::tools::sql;
use ktx_app::{Destination, Python, export_of};

#[derive(Debug, Subcommand)]
pub enum SqlCommand {
    /// Run one SELECT and print its rows
    Execute(ExecuteArguments),
}

#[derive(Debug, Args)]
pub struct ExecuteArguments {
    /// The connection to run it on
    #[arg(long, value_name = "ID")]
    connection_id: String,
    /// The file with the statement
    #[arg(long, value_name = "PATH")]
    sql_file: PathBuf,
    /// The maximum number of rows to print
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "output",
        required_unless_present = "output"
    )]
    max_rows: Option<u64>,
    /// Write all rows to a .csv, .jsonl or .parquet file instead
    #[arg(long, value_name = "FILE")]
    output: Option<Destination>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    _json: JsonArgument,
}

/// Runs one command of the group.
pub fn run(command: &SqlCommand, session: &Session) -> anyhow::Result<()> {
    let SqlCommand::Execute(arguments) = command;
    let text = fs_err::read_to_string(&arguments.sql_file)?;
    let python = Python::new(&session.app, arguments.policy.policy()?)?;
    let (app, connection) = (&session.app, &arguments.connection_id);
    match &arguments.output {
        Some(destination) => {
            let write = || export_of(app, &python, connection, &text, destination);
            session.printer.json(&session.terminal.during("Querying", write)?);
        }
        None => {
            let most = arguments.max_rows.unwrap_or(sql::MAX_ROWS);
            session
                .printer
                .json(&sql::execute(app, &python, connection, &text, most)?);
        }
    }
    Ok(())
}
