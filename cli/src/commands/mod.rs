//! The root of the command line, and the commands, one file each, by their names.

pub mod agent;
pub mod completions;
pub mod connection;
pub mod dev;
pub mod ingest;
pub mod runtime;
pub mod serve;
pub mod setup;
pub mod sl;
pub mod wiki;

use clap::{CommandFactory, Parser, Subcommand};

use crate::arguments::GlobalArguments;
use crate::exit;
use crate::session::Session;
use crate::version::VERSION;

/// Build and query a semantic layer over your databases
#[derive(Debug, Parser)]
#[command(
    name = "ktx",
    bin_name = "ktx",
    version = VERSION,
    disable_version_flag = true,
    disable_help_subcommand = true,
    help_template = "{usage-heading} {usage}\n\n{about-with-newline}\n{all-args}{after-help}",
    after_help = format!(
        "Advanced: `ktx dev --help` lists the commands for working on a project's internals.\n\n{}",
        exit::help(),
    ),
    max_term_width = 100
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: GlobalArguments,
    /// Print the version
    #[arg(short = 'v', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    /// With --version: print JSON, with the source revision, the compiler and the bill of materials
    #[arg(long, requires = "version")]
    json: bool,
    /// With --version: print what was compared with the bill of materials, and what was not checked
    #[arg(long, requires = "version", conflicts_with = "json")]
    verbose: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands of `ktx`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up a project, or a demo to try
    Setup(setup::SetupArguments),
    /// List and test the connections of a project
    Connection(connection::ConnectionArguments),
    /// Read the tables of a connection into the project
    Ingest(ingest::IngestArguments),
    /// List, search, read, write and check what people know about the data
    Wiki(wiki::WikiArguments),
    /// List, read, write and query the sources of the semantic layer
    Sl(sl::SlArguments),
    /// Install, inspect, start and remove the Python runtime that ktx manages
    Runtime(runtime::RuntimeArguments),
    /// Serve the project's tools to MCP clients
    Serve(serve::ServeArguments),
    /// Report what is set up
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
            Command::Wiki(_) => "wiki",
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

/// Runs one command. `ktx` alone runs setup on a terminal without a project, else prints help.
pub fn run(command: Option<Command>, session: &Session) -> anyhow::Result<()> {
    let Some(command) = command else {
        return without_command(session);
    };
    session.app.desk.debug(&format!("dispatch={}", command.group()));
    match command {
        Command::Setup(arguments) => setup::run(&arguments, session),
        Command::Connection(arguments) => connection::run(arguments, session),
        Command::Ingest(arguments) => ingest::run(&arguments, session),
        Command::Wiki(arguments) => wiki::run(arguments, session),
        Command::Sl(arguments) => sl::run(arguments, session),
        Command::Runtime(arguments) => runtime::run(arguments, session),
        Command::Serve(arguments) => serve::run(&arguments, session),
        Command::Status(arguments) => setup::status(&arguments, session),
        Command::Completions(arguments) => {
            completions::run(&arguments, &mut Arguments::command(), session);
            Ok(())
        }
        Command::Agent(arguments) => agent::run(&arguments, session),
        Command::Dev(arguments) => dev::run(arguments, session),
    }
}

fn without_command(session: &Session) -> anyhow::Result<()> {
    let newcomer = session.printer.is_interactive() && !session.app.folder()?.is_project();
    if newcomer && session.app.environment.text("KTX_PROJECT_DIR").is_none() {
        return setup::interactive(session);
    }
    session
        .printer
        .raw(&Arguments::command().render_help().to_string());
    Ok(())
}
