//! `ktx dev`: commands for working on a project's internals.

mod init;

use clap::{Args, Subcommand};

use crate::session::Session;

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
}

/// Runs one command of the group.
pub fn run(arguments: DevArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        DevCommand::Init(arguments) => init::run(&arguments, session),
    }
}
