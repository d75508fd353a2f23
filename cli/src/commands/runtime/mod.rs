//! `ktx runtime`: the group of commands over the managed Python runtime.

use clap::{Args, Subcommand};

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct RuntimeArguments {
    #[command(subcommand)]
    command: RuntimeCommand,
}

#[derive(Debug, Subcommand)]
enum RuntimeCommand {}

/// Runs one command of the group.
pub fn run(arguments: RuntimeArguments, _session: &Session) -> anyhow::Result<()> {
    match arguments.command {}
}
