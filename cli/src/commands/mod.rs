//! The commands, one file each, by their names on the command line.

pub mod agent;
pub mod completions;
pub mod connection;
pub mod dev;
pub mod ingest;
pub mod runtime;
pub mod serve;
pub mod setup;
pub mod sl;

use clap::Subcommand;

use crate::session::Session;
use crate::workspace;

/// What stands behind `ktx`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up a project, or a demo to try
    Setup(setup::SetupArguments),
    /// List and test the connections of a project
    Connection(connection::ConnectionArguments),
    /// Read the tables of a connection into the project
    Ingest(ingest::IngestArguments),
    /// List, read, write and query the sources of the semantic layer
    Sl(sl::SlArguments),
    /// Install, inspect, start and remove the Python runtime that ktx manages
    Runtime(runtime::RuntimeArguments),
    /// Serve the project's tools to MCP clients
    Serve(serve::ServeArguments),
    /// Say what is set up
    Status(setup::StatusArguments),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArguments),
    /// Commands for programs: JSON only
    #[command(hide = true)]
    Agent(agent::AgentArguments),
    /// Work on a project's internals
    #[command(hide = true)]
    Dev(dev::DevArguments),
}

impl Command {
    /// The name that `--debug` reports.
    fn group(&self) -> &'static str {
        match self {
            Command::Setup(_) => "setup",
            Command::Connection(_) => "connection",
            Command::Ingest(_) => "ingest",
            Command::Sl(_) => "sl",
            Command::Runtime(_) => "runtime",
            Command::Serve(_) => "serve",
            Command::Status(_) => "status",
            Command::Completions(_) => "completions",
            Command::Agent(_) => "agent",
            Command::Dev(_) => "dev",
        }
    }
}

/// Runs one command.
pub fn run(command: Command, session: &Session) -> anyhow::Result<()> {
    session.debug(&format!("dispatch={}", command.group()));
    match command {
        Command::Setup(arguments) => setup::run(&arguments, session),
        Command::Connection(arguments) => connection::run(arguments, session),
        Command::Ingest(arguments) => ingest::run(&arguments, session),
        Command::Sl(arguments) => sl::run(arguments, session),
        Command::Runtime(arguments) => runtime::run(arguments, session),
        Command::Serve(arguments) => serve::run(&arguments, session),
        Command::Status(arguments) => setup::status(&arguments, session),
        Command::Completions(arguments) => {
            completions::run(&arguments, session);
            Ok(())
        }
        Command::Agent(arguments) => agent::run(&arguments, session),
        Command::Dev(arguments) => dev::run(arguments, session),
    }
}

/// `ktx` alone: set-up for somebody at a terminal who has no project yet, else help.
pub fn without_command(session: &Session, root: &mut clap::Command) -> anyhow::Result<()> {
    let newcomer = session.printer.is_interactive() && !workspace::folder(session)?.is_project();
    if newcomer && session.environment.text("KTX_PROJECT_DIR").is_none() {
        return setup::interactive(session);
    }
    session.printer.raw(&root.render_help().to_string());
    Ok(())
}
