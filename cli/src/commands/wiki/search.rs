//! `ktx wiki search`: the pages that match words, best first.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::wiki;

use super::UserArguments;
use crate::output::OutputArguments;
use crate::session::Session;

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
    output: OutputArguments,
}

/// Prints the pages found in the requested form.
pub fn run(arguments: &SearchArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let workspace = Workspace::open(&session.app)?;
    let found = wiki::search(
        &session.app,
        &workspace,
        &arguments.user.user_id,
        &arguments.query,
        arguments.limit,
    )?;
    if found.results.is_empty() {
        session
            .printer
            .diagnostic(&format!("No page matches `{}`.", arguments.query));
    }
    super::list::print(session, form, "wiki search", &found.results);
    Ok(())
}
