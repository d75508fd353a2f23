//! `ktx connection`: the group of commands over the configured databases.

mod add;
mod list;
mod remove;
mod test;

use clap::{Args, Subcommand};

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ConnectionArguments {
    #[command(subcommand)]
    command: ConnectionCommand,
}

#[derive(Debug, Subcommand)]
enum ConnectionCommand {
    /// Write a connection into ktx.yaml and try it
    Add(add::AddArguments),
    /// Take a connection out of ktx.yaml
    Remove(remove::RemoveArguments),
    /// List the connections
    List(list::ListArguments),
    /// Open a connection and count its tables
    Test(test::TestArguments),
}

/// Runs one command of the group.
pub fn run(arguments: ConnectionArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        ConnectionCommand::Add(arguments) => add::run(arguments, session),
        ConnectionCommand::Remove(arguments) => remove::run(&arguments, session),
        ConnectionCommand::List(arguments) => list::run(&arguments, session),
        ConnectionCommand::Test(arguments) => test::run(&arguments, session),
    }
}
