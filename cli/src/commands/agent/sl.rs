//! `ktx agent sl`: list, search, read and query sources.

use clap::{Args, Subcommand};

use super::JsonArgument;
use crate::session::Session;
use crate::tools::sources;

#[derive(Debug, Subcommand)]
pub enum SlCommand {
    /// List the sources, or search them
    List(ListArguments),
    /// Print the YAML of a source
    Read(ReadArguments),
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

/// Runs one command of the group.
pub fn run(command: &SlCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SlCommand::List(arguments) => {
            let listing = sources::list(
                session,
                arguments.connection_id.as_deref(),
                arguments.query.as_deref(),
            )?;
            session.printer.json(&listing);
        }
        SlCommand::Read(arguments) => {
            let text = sources::read(session, arguments.connection_id.as_deref(), &arguments.name)?;
            session.printer.json(&text);
        }
    }
    Ok(())
}
