//! `ktx wiki`: what people know about the data, as pages.

mod list;
mod read;
pub mod search;
mod validate;
mod write;

use clap::{Args, Subcommand};

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct WikiArguments {
    #[command(subcommand)]
    command: WikiCommand,
}

#[derive(Debug, Subcommand)]
enum WikiCommand {
    /// List the pages
    List(list::ListArguments),
    /// Search the pages, best match first
    Search(search::SearchArguments),
    /// Print a page
    Read(read::ReadArguments),
    /// Write a page
    Write(write::WriteArguments),
    /// Check the pages, and what they refer to
    Validate(validate::ValidateArguments),
}

/// Whose pages.
#[derive(Debug, Args)]
pub struct UserArguments {
    /// The user whose own pages are seen beside those for everyone
    #[arg(long, value_name = "ID", default_value = ktx_app::tools::wiki::LOCAL_USER)]
    pub user_id: String,
}

/// Runs one command of the group.
pub fn run(arguments: WikiArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        WikiCommand::List(arguments) => list::run(&arguments, session),
        WikiCommand::Search(arguments) => search::run(&arguments, session),
        WikiCommand::Read(arguments) => read::run(&arguments, session),
        WikiCommand::Write(arguments) => write::run(arguments, session),
        WikiCommand::Validate(arguments) => validate::run(&arguments, session),
    }
}
