//! `ktx wiki search`: the pages that match words, best first.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::wiki::{self, PageHits};

use super::UserArguments;
use crate::output::OutputArguments;
use crate::session::Session;

/// What to search for; `ktx agent wiki search` takes the same.
#[derive(Debug, Args)]
pub struct Words {
    /// What to search for, in words
    query: String,
    /// The maximum number of pages
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    user: UserArguments,
}

#[derive(Debug, Args)]
pub struct SearchArguments {
    #[command(flatten)]
    words: Words,
    #[command(flatten)]
    output: OutputArguments,
}

impl Words {
    /// The pages that match, best first.
    pub fn search(&self, session: &Session) -> anyhow::Result<PageHits> {
        let workspace = Workspace::open(&session.app)?;
        let user = &self.user.user_id;
        Ok(wiki::search(
            &session.app,
            &workspace,
            user,
            &self.query,
            self.limit,
        )?)
    }
}

/// Prints the pages found in the requested form.
pub fn run(arguments: &SearchArguments, session: &Session) -> anyhow::Result<()> {
    let form = arguments.output.form(session)?;
    let found = arguments.words.search(session)?;
    if found.results.is_empty() {
        session
            .printer
            .diagnostic(&format!("No page matches `{}`.", arguments.words.query));
    }
    super::list::print(session, form, "wiki search", &found.results);
    Ok(())
}
