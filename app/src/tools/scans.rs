//! Earlier scans: the progress of a run, its report, the files it wrote.

use ktx_project::scan::ScanReport;
use ktx_project::state::{Run, RunKind, State};
use ktx_project::{Folder, files};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// Why an id may be unknown.
const NO_RUN: &str = "`ktx dev scan <connection>` prints the id of each run; dry runs are not kept";

/// A file that a scan wrote.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Artifact {
    pub path: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The run of that id. A project without state has had no run.
pub fn find(folder: &Folder, id: &str) -> Result<Run, Error> {
    let run = match folder.state_path().is_file() {
        true => State::open(folder)?.run(RunKind::Scan, id)?,
        false => None,
    };
    run.ok_or_else(|| Error::hinted(format!("Scan run \"{id}\" was not found"), NO_RUN))
}

/// The report of the run; one that failed or is still running has none.
pub fn report(folder: &Folder, id: &str) -> Result<ScanReport, Error> {
    let missing = || Error::hinted(format!("Scan report \"{id}\" was not found"), NO_RUN);
    let text = find(folder, id)
        .map_err(|error| match error {
            Error::Refused { .. } => missing(),
            error => error,
        })?
        .report
        .ok_or_else(missing)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::refused(format!("failed to read the stored scan report: {error}")))
}

/// The files that the run wrote, its report first.
pub fn artifacts(folder: &Folder, id: &str) -> Result<Vec<Artifact>, Error> {
    let paths = report(folder, id)?.artifact_paths;
    let artifact = |path: String, kind| {
        let metadata = fs_err::metadata(folder.dir().join(&path));
        let size = metadata.ok().map(|metadata| metadata.len());
        Artifact { path, kind, size }
    };
    let mut listed: Vec<Artifact> = paths
        .report_path
        .clone()
        .map(|path| artifact(path, "report"))
        .into_iter()
        .collect();
    if let Some(raw) = &paths.raw_sources_dir {
        for file in files::all_below(&folder.dir().join(raw))? {
            let path = folder.relative(&file);
            if Some(&path) != paths.report_path.as_ref() && !paths.enrichment_artifacts.contains(&path) {
                listed.push(artifact(path, "raw_source"));
            }
        }
    }
    let shards = paths.manifest_shards.into_iter();
    listed.extend(shards.map(|path| artifact(path, "manifest_shard")));
    let enrichments = paths.enrichment_artifacts.into_iter();
    listed.extend(enrichments.map(|path| artifact(path, "enrichment_artifact")));
    Ok(listed)
}

/// One of the listed files with its text: a path is only looked up in that list, never in the file system.
pub fn read_artifact(folder: &Folder, id: &str, path: &str) -> Result<(Artifact, String), Error> {
    let artifact = artifacts(folder, id)?
        .into_iter()
        .find(|artifact| artifact.path == path)
        .ok_or_else(|| Error::refused(format!("Scan artifact \"{path}\" was not found in run \"{id}\"")))?;
    let file = folder.dir().join(&artifact.path);
    let content =
        fs_err::read_to_string(&file).map_err(|error| ktx_project::Error::io("read", &file, error))?;
    Ok((artifact, content))
}
