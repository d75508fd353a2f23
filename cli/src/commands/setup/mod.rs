//! `ktx setup`: a project made ready, step by step or in one go.

mod demo;
mod mcp;
mod project;
mod status;

use clap::{Args, Subcommand};

use self::project::ProjectArguments;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SetupArguments {
    #[command(flatten)]
    project: ProjectArguments,
    #[command(subcommand)]
    command: Option<SetupCommand>,
}

#[derive(Debug, Subcommand)]
enum SetupCommand {
    /// Make a demo project with a SQLite warehouse to try ktx on
    Demo(demo::DemoArguments),
    /// Configure an MCP client to use this project
    Mcp(mcp::McpArguments),
    /// Report what is set up
    Status(status::StatusArguments),
}

/// Sets up a project, or runs one command of the group.
pub fn run(arguments: &SetupArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        Some(SetupCommand::Demo(arguments)) => demo::run(arguments, session),
        Some(SetupCommand::Mcp(arguments)) => mcp::run(arguments, session),
        Some(SetupCommand::Status(arguments)) => status::run(arguments, session),
        None => project::run(&arguments.project, session),
    }
}

pub use status::StatusArguments;

/// `ktx status` is `ktx setup status`.
pub fn status(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    status::run(arguments, session)
}

/// Setup for a user who typed just `ktx`.
pub fn interactive(session: &Session) -> anyhow::Result<()> {
    project::run(&ProjectArguments::default(), session)
}
