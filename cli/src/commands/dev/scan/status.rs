//! `ktx dev scan status`: how far a scan is.

use clap::Args;
use ktx_project::state::{Run, RunKind, State};

use crate::hint::Hinted;
use crate::session::Session;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The scan's run id
    run: String,
}

/// Prints where the run stands.
pub fn run(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(session)?;
    let run = find(&workspace, &arguments.run)?
        .ok_or_else(|| Hinted::error(format!("Scan run \"{}\" was not found", arguments.run), NO_RUN))?;
    let report = match &run.sync_id {
        Some(sync) => format!(
            "raw-sources/{}/{}/{sync}/scan-report.json",
            run.connection, run.adapter
        ),
        None => "none".to_owned(),
    };
    let progress = if run.status == "running" {
        "in progress"
    } else {
        "100%"
    };
    for (label, value) in [
        ("Run", run.id.as_str()),
        ("Status", &run.status),
        ("Connection", &run.connection),
        ("Mode", mode(&run).as_str()),
        ("Sync", run.sync_id.as_deref().unwrap_or("none")),
        ("Progress", progress),
        ("Report", &report),
    ] {
        session.printer.line(&format!("{label}: {value}"));
    }
    Ok(())
}

/// Why an id may be unknown.
pub const NO_RUN: &str = "`ktx dev scan <connection>` prints the id of each run; dry runs are not kept";

/// The run of that id; a project without state has had no run.
pub fn find(workspace: &Workspace, id: &str) -> anyhow::Result<Option<Run>> {
    if !workspace.folder.state_path().is_file() {
        return Ok(None);
    }
    Ok(State::open(&workspace.folder)?.run(RunKind::Scan, id)?)
}

fn mode(run: &Run) -> String {
    let report = run
        .report
        .as_deref()
        .and_then(|text| serde_json::from_str::<ktx_project::scan::ScanReport>(text).ok());
    report.map_or_else(
        || "structural".to_owned(),
        |report| report.mode.as_str().to_owned(),
    )
}
