//! `ktx dev`: commands for working on a project's internals.

mod ingest;
mod init;
mod scan;

use clap::{Args, Subcommand};

use crate::session::Session;

pub use ingest::text as ingest_text;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct DevArguments {
    #[command(subcommand)]
    command: DevCommand,
}

#[derive(Debug, Subcommand)]
enum DevCommand {
    /// Make a project folder
    Init(init::InitArguments),
    /// Ingest a connection's data with an adapter
    Ingest(ingest::IngestArguments),
    /// Scan the tables of a connection into the project
    Scan(scan::ScanArguments),
}

/// Runs one command of the group.
pub fn run(arguments: DevArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        DevCommand::Init(arguments) => init::run(&arguments, session),
        DevCommand::Ingest(arguments) => ingest::run(&arguments, session),
        DevCommand::Scan(arguments) => scan::run(&arguments, session),
    }
}
