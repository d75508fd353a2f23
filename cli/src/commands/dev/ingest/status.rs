//! `ktx dev ingest status`: what a run reported.

use clap::Args;

use super::WhichRun;
use super::text::{self, FormArguments};
use crate::session::Session;

#[derive(Debug, Args)]
pub struct StatusArguments {
    #[command(flatten)]
    which: WhichRun,
    #[command(flatten)]
    form: FormArguments,
}

/// Prints the report.
pub fn run(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    let report = arguments.which.report(session)?;
    text::print(session, &report, arguments.form.of(session));
    Ok(())
}
