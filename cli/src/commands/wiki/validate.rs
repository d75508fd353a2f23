//! `ktx wiki validate`: pages that cannot be read, and references to what is not there.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::wiki;

use super::UserArguments;
use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// The page's key [default: every page]
    key: Option<String>,
    #[command(flatten)]
    user: UserArguments,
}

/// One line per mistake.
pub fn run(arguments: &ValidateArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let errors = wiki::validate(&workspace, &arguments.user.user_id, arguments.key.as_deref())?;
    for error in &errors {
        session.printer.diagnostic(error);
    }
    match errors.is_empty() {
        true => session.printer.line("The wiki is valid."),
        false => return Err(AlreadyReported.into()),
    }
    Ok(())
}
