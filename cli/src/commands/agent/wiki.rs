//! `ktx agent wiki`: search and read pages.

use clap::{Args, Subcommand};
use ktx_app::Workspace;
use ktx_app::tools::wiki;

use super::JsonArgument;
use crate::commands::wiki::UserArguments;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub enum WikiCommand {
    /// Search the pages
    Search(SearchArguments),
    /// Read a page
    Read(ReadArguments),
}

#[derive(Debug, Args)]
pub struct SearchArguments {
    /// What to search for, in words
    query: String,
    /// The maximum number of pages
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Debug, Args)]
pub struct ReadArguments {
    /// The page's key
    id: String,
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    _json: JsonArgument,
}

/// Runs one command of the group.
pub fn run(command: &WikiCommand, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    match command {
        WikiCommand::Search(arguments) => {
            let user = &arguments.user.user_id;
            let found = wiki::search(&session.app, &workspace, user, &arguments.query, arguments.limit)?;
            session.printer.json(&found);
        }
        WikiCommand::Read(arguments) => {
            let page = wiki::read(&workspace, &arguments.user.user_id, &arguments.id)?;
            session.printer.json(&page);
        }
    }
    Ok(())
}
