//! `ktx dev scan status`: the progress of a scan.

use clap::Args;
use ktx_app::tools::scans;
use ktx_project::state::Run;

use crate::session::Session;
use ktx_app::Workspace;

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The scan's run id
    run: String,
}

/// Prints the progress of the run.
pub fn run(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let run = scans::find(&workspace.folder, &arguments.run)?;
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
