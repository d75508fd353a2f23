//! The commands, one file each, by their names on the command line.

pub mod runtime;

use clap::Subcommand;

use crate::session::Session;

/// What stands behind `ktx`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install, inspect, start and remove the Python runtime that ktx manages
    Runtime(runtime::RuntimeArguments),
}

impl Command {
    /// The name that `--debug` reports.
    fn group(&self) -> &'static str {
        match self {
            Command::Runtime(_) => "runtime",
        }
    }
}

/// Runs one command.
pub fn run(command: Command, session: &Session) -> anyhow::Result<()> {
    session.debug(&format!("dispatch={}", command.group()));
    match command {
        Command::Runtime(arguments) => runtime::run(arguments, session),
    }
}

/// `ktx` alone: help.
pub fn without_command(session: &Session, root: &mut clap::Command) -> anyhow::Result<()> {
    session.printer.raw(&root.render_help().to_string());
    Ok(())
}
