//! `ktx dev scan report`: the report of a scan.

use clap::Args;
use ktx_app::Workspace;
use ktx_app::tools::scans;

use super::text;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The scan's run id
    run: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the report of a finished scan.
pub fn run(arguments: &ReportArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let report = scans::report(&workspace.folder, &arguments.run)?;
    if arguments.json {
        session.printer.json(&report);
    } else {
        for line in text::body("KTX scan report", &report) {
            session.printer.line(&line);
        }
    }
    Ok(())
}
