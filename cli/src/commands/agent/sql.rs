//! `ktx agent sql execute`: one reading statement from a file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonArgument;
use crate::arguments::PolicyArguments;
use crate::session::Session;
use ktx_app::Python;
use ktx_app::tools::sql;

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
    /// The maximum number of rows
    #[arg(long, value_name = "N")]
    max_rows: u64,
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
    let result = sql::execute(
        &session.app,
        &python,
        &arguments.connection_id,
        &text,
        arguments.max_rows,
    )?;
    session.printer.json(&result);
    Ok(())
}
