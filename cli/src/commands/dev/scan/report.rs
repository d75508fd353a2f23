//! `ktx dev scan report`: what a scan found.

use anyhow::Context as _;
use clap::Args;
use ktx_project::scan::ScanReport;

use super::{status, text};
use crate::hint::Hinted;
use crate::session::Session;
use crate::workspace::Workspace;

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
    let workspace = Workspace::open(session)?;
    let text = status::find(&workspace, &arguments.run)?
        .and_then(|run| run.report)
        .ok_or_else(|| {
            Hinted::error(
                format!("Scan report \"{}\" was not found", arguments.run),
                status::NO_RUN,
            )
        })?;
    let report: ScanReport = serde_json::from_str(&text).context("failed to read the stored scan report")?;
    if arguments.json {
        session.printer.json(&report);
    } else {
        for line in text::body("KTX scan report", &report) {
            session.printer.line(&line);
        }
    }
    Ok(())
}
