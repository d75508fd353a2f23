//! `ktx dev ingest`: what an adapter knows into the project, and what earlier runs reported.

mod run;
mod status;
pub mod text;

use clap::{Args, Subcommand};

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct IngestArguments {
    #[command(subcommand)]
    command: IngestCommand,
}

#[derive(Debug, Subcommand)]
enum IngestCommand {
    /// Ingest a connection with one adapter
    Run(run::RunArguments),
    /// Print the report of a run, or of the latest
    Status(status::StatusArguments),
}

/// Runs one command of the group.
pub fn run(arguments: &IngestArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        IngestCommand::Run(arguments) => run::run(arguments, session),
        IngestCommand::Status(arguments) => status::run(arguments, session),
    }
}
