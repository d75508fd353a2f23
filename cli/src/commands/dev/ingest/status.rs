//! `ktx dev ingest status`: what a run reported.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use ktx_project::ingest::IngestReport;
use ktx_project::state::{RunKind, State};

use super::text;
use crate::session::Session;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The run [default: the latest]
    run: Option<String>,
    /// Read the report from this file
    #[arg(long, value_name = "PATH", conflicts_with = "run")]
    report_file: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the report.
pub fn run(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    let stored = match &arguments.report_file {
        Some(path) => fs_err::read_to_string(path)?,
        None => stored(arguments, session)?,
    };
    let report: IngestReport = serde_json::from_str(&stored).context("failed to read the ingest report")?;
    text::print(session, &report, arguments.json);
    Ok(())
}

fn stored(arguments: &StatusArguments, session: &Session) -> anyhow::Result<String> {
    let workspace = Workspace::open(session)?;
    let state = match workspace.folder.state_path().is_file() {
        true => Some(State::open(&workspace.folder)?),
        false => None,
    };
    let run = match (&arguments.run, &state) {
        (Some(id), Some(state)) => state.run(RunKind::Ingest, id)?,
        (None, Some(state)) => state.latest(RunKind::Ingest)?,
        (_, None) => None,
    };
    run.and_then(|run| run.report)
        .with_context(|| match &arguments.run {
            Some(id) => format!("Local ingest run or report \"{id}\" was not found"),
            None => "No local ingest reports were found. Run `ktx ingest --all` first.".to_owned(),
        })
}
