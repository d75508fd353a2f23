//! `ktx agent wiki`: search and read pages.

use clap::{Args, Subcommand};
use ktx_app::Workspace;
use ktx_app::tools::wiki;

use super::JsonArgument;
use crate::commands::wiki::UserArguments;
use crate::commands::wiki::search::Words;
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
    #[command(flatten)]
    words: Words,
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
    match command {
        WikiCommand::Search(arguments) => {
            session.printer.json(&arguments.words.search(session)?);
        }
        WikiCommand::Read(arguments) => {
            let workspace = Workspace::open(&session.app)?;
            let page = wiki::read(&workspace, &arguments.user.user_id, &arguments.id)?;
            session.printer.json(&page);
        }
    }
    Ok(())
}
