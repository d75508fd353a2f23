//! The report of a smoke run, `dist/reports/smoke-<platform>.json`: what was proven, where, for which bytes. Written by
//! the smoke after its last scenario, read by publishing, which relies on nothing outside of it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::archive_path::ArchivePath;
use crate::digest::Sha256Digest;
pub use crate::schema_version::SchemaVersion;
use ktx_names::Platform;

/// The whole report. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SmokeReport {
    pub schema_version: SchemaVersion<1>,
    /// Where it ran.
    pub platform: Platform,
    /// Where the package came from.
    pub source: PackageSource,
    pub tarball: ProvenFile,
    /// The wheel inside the tarball.
    pub wheel: ProvenFile,
    /// Digest of `release-policy.json` as it was when the run began.
    pub policy_sha256: Sha256Digest,
    /// What the scenarios used, by name: `node`, `npm`, `uv`, `python`, …
    pub tool_versions: BTreeMap<String, String>,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// In the order of the scenario list, each name once.
    pub scenarios: Vec<ScenarioReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "kind")]
pub enum PackageSource {
    /// The tarball of `dist/artifacts`, before anything was published.
    Artifacts {},
    /// What a registry served for a package specification such as `@kaelio/ktx@0.1.0`.
    Registry { url: String, package: String },
}

/// A file that the scenarios used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenFile {
    /// Bare file name.
    pub file: ArchivePath,
    pub sha256: Sha256Digest,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioReport {
    pub name: String,
    pub outcome: ScenarioOutcome,
    /// Wall-clock time in seconds.
    pub seconds: f64,
    /// The steps that ran, in order; none for a skipped scenario.
    pub steps: Vec<StepReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "status")]
pub enum ScenarioOutcome {
    Passed {},
    /// The code is stable; the message is for people, without secrets.
    Failed {
        code: String,
        message: String,
    },
    /// Something this scenario needs is not on the machine.
    Skipped {
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// What the step shows, in words.
    pub name: String,
    /// Wall-clock time in seconds.
    pub seconds: f64,
}

/// What the report as a whole says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmokeVerdict {
    /// Every scenario passed, and there was one.
    Green,
    /// Nothing ran.
    Empty,
    /// These failed.
    Failed(Vec<String>),
    /// None failed; these were skipped.
    Incomplete(Vec<String>),
}

/// Why a report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmokeReportError {
    /// The source names the path.
    #[error("{0}")]
    Unreadable(#[source] std::io::Error),
    #[error("failed to read `{}`: {reason}", path.display())]
    Invalid {
        path: std::path::PathBuf,
        reason: String,
    },
}

/// No report of a real run comes near this many bytes.
const MAX_REPORT_BYTES: u64 = 8 << 20;

impl SmokeReport {
    /// File name in `dist/reports`.
    pub fn file_name(platform: Platform) -> String {
        format!("smoke-{platform}.json")
    }

    pub fn load(path: &Path) -> Result<Self, SmokeReportError> {
        let text = crate::bounded::read(path, MAX_REPORT_BYTES).map_err(SmokeReportError::Unreadable)?;
        let invalid = |reason| SmokeReportError::Invalid {
            path: path.to_owned(),
            reason,
        };
        let report: Self = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        report.consistent().map_err(invalid)
    }

    /// The text as it is written: two blanks of indentation and a newline at the end.
    pub fn to_text(&self) -> String {
        crate::json::to_text(self)
    }

    pub fn verdict(&self) -> SmokeVerdict {
        let names = |wanted: fn(&ScenarioOutcome) -> bool| -> Vec<String> {
            let scenarios = self.scenarios.iter().filter(|scenario| wanted(&scenario.outcome));
            scenarios.map(|scenario| scenario.name.clone()).collect()
        };
        let failed = names(|outcome| matches!(outcome, ScenarioOutcome::Failed { .. }));
        let skipped = names(|outcome| matches!(outcome, ScenarioOutcome::Skipped { .. }));
        match (self.scenarios.is_empty(), failed.is_empty(), skipped.is_empty()) {
            (true, ..) => SmokeVerdict::Empty,
            (_, false, _) => SmokeVerdict::Failed(failed),
            (_, _, false) => SmokeVerdict::Incomplete(skipped),
            _ => SmokeVerdict::Green,
        }
    }

    /// Whether a scenario of this name ran and passed.
    pub fn passed(&self, scenario: &str) -> bool {
        let found = self.scenarios.iter().find(|found| found.name == scenario);
        found.is_some_and(|found| matches!(found.outcome, ScenarioOutcome::Passed {}))
    }

    fn consistent(self) -> Result<Self, String> {
        if self.finished_at < self.started_at {
            return Err(format!(
                "finished at {}, before its start at {}",
                self.finished_at, self.started_at
            ));
        }
        for (index, scenario) in self.scenarios.iter().enumerate() {
            if self.scenarios[..index]
                .iter()
                .any(|earlier| earlier.name == scenario.name)
            {
                return Err(format!("scenario `{}` is listed twice", scenario.name));
            }
            if matches!(scenario.outcome, ScenarioOutcome::Passed {}) && scenario.steps.is_empty() {
                return Err(format!("scenario `{}` passed without a step", scenario.name));
            }
        }
        Ok(self)
    }
}
