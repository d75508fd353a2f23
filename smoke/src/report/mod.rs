//! The outputs of a run: the report that publishing relies on, and JUnit XML for test dashboards.

mod junit;

use std::collections::BTreeMap;
use std::io::Write;

use camino::Utf8Path;
use fs_err as fs;
use ktx_manifest::Platform;
use ktx_manifest::digest::Sha256Digest;
use ktx_manifest::smoke_report::{
    PackageSource, ScenarioOutcome, ScenarioReport, SchemaVersion, SmokeReport, StepReport,
};

use crate::observer::ScenarioResult;
use crate::proven::ProvenBytes;
use crate::run::{Played, SmokeRun};

pub use junit::junit;

/// What a report contains besides the outcome.
#[derive(Clone, Debug)]
pub struct RunFacts {
    pub platform: Platform,
    pub source: PackageSource,
    pub bytes: ProvenBytes,
    pub policy_sha256: Sha256Digest,
    pub tool_versions: BTreeMap<String, String>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the report: {0}")]
pub struct ReportError(#[source] std::io::Error);

/// The typed report of a run.
pub fn report(outcome: &SmokeRun, provenance: RunFacts) -> SmokeReport {
    let scenarios = outcome.played.iter().map(scenario);
    SmokeReport {
        schema_version: SchemaVersion,
        platform: provenance.platform,
        source: provenance.source,
        tarball: provenance.bytes.tarball,
        wheel: provenance.bytes.wheel,
        policy_sha256: provenance.policy_sha256,
        tool_versions: provenance.tool_versions,
        started_at: outcome.started_at,
        finished_at: outcome.finished_at,
        scenarios: scenarios.chain(clean_up(outcome)).collect(),
    }
}

fn scenario(played: &Played) -> ScenarioReport {
    ScenarioReport {
        name: played.scenario.name.to_owned(),
        outcome: match &played.verdict {
            ScenarioResult::Passed => ScenarioOutcome::Passed {},
            ScenarioResult::Failed(failure) => ScenarioOutcome::Failed {
                code: failure.code.clone(),
                message: failure.message.clone(),
            },
            ScenarioResult::Skipped(reason) => ScenarioOutcome::Skipped {
                reason: reason.clone(),
            },
        },
        seconds: played.elapsed.as_secs_f64(),
        steps: played
            .steps
            .iter()
            .map(|(name, elapsed)| StepReport {
                name: name.replace('-', " "),
                seconds: elapsed.as_secs_f64(),
            })
            .collect(),
    }
}

/// A run that touched the user's files has failed, whatever the outcome of its scenarios.
fn clean_up(outcome: &SmokeRun) -> Option<ScenarioReport> {
    let message = outcome.touched.first()?.clone();
    Some(ScenarioReport {
        name: "clean-up".to_owned(),
        outcome: ScenarioOutcome::Failed {
            code: "touched".to_owned(),
            message,
        },
        seconds: 0.0,
        steps: Vec::new(),
    })
}

/// The next build removes files in `dist/` with such a name: a killed run left them.
const PARTIAL: &str = ".partial-";

/// Writes a file so that a reader sees the old one or the new one, never half of either.
pub fn write_atomically(path: &Utf8Path, text: &str) -> Result<(), ReportError> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        readable(file.as_file())?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(ReportError)
}

/// Temporary files are private; a report is not.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
