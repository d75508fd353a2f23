//! Inspecting ingests: the status of a run, its report, its units.

use ktx_project::Folder;
use ktx_project::ingest::{IngestReport, UnitReport};
use ktx_project::state::{Run, RunKind, State};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// The units of a run in their order, as a program goes through them again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    pub run_id: String,
    pub status: &'static str,
    pub events: Vec<UnitReport>,
}

impl Replay {
    pub fn of(report: IngestReport) -> Self {
        Self {
            run_id: report.run_id,
            status: report.status.as_str(),
            events: report.work_units,
        }
    }
}

/// The run of that id, or the latest that reported. A project without state has had no run.
pub fn find(folder: &Folder, id: Option<&str>) -> Result<Run, Error> {
    let state = match folder.state_path().is_file() {
        true => Some(State::open(folder)?),
        false => None,
    };
    let run = match (id, &state) {
        (Some(id), Some(state)) => state.run(RunKind::Ingest, id)?,
        (None, Some(state)) => state.latest(RunKind::Ingest)?,
        (_, None) => None,
    };
    run.ok_or_else(|| match id {
        Some(id) => unknown(id),
        None => Error::refused("No local ingest reports were found. Run `ktx ingest --all` first."),
    })
}

/// The report of a run; one that failed or is still running has none.
pub fn report(run: &Run) -> Result<IngestReport, Error> {
    let text = run.report.as_deref().ok_or_else(|| match run.status.as_str() {
        "running" => Error::refused(format!(
            "failed to read the report of `{}`: it is still running",
            run.id
        )),
        _ => unknown(&run.id),
    })?;
    read(text)
}

/// A report from its JSON.
pub fn read(text: &str) -> Result<IngestReport, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::refused(format!("failed to read the ingest report: {error}")))
}

fn unknown(id: &str) -> Error {
    Error::refused(format!("Local ingest run or report \"{id}\" was not found"))
}
