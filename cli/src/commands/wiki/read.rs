//! `ktx wiki read`: one page as it is written.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::wiki;

use super::UserArguments;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ReadArguments {
    /// The page's key
    key: String,
    #[command(flatten)]
    user: UserArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the file, or the page as a document.
pub fn run(arguments: &ReadArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let page = wiki::read(&workspace, &arguments.user.user_id, &arguments.key)?;
    match arguments.json {
        true => session.printer.json(&page),
        false => {
            let text = fs_err::read_to_string(workspace.folder.dir().join(&page.path))?;
            session.printer.raw(&text);
        }
    }
    Ok(())
}
