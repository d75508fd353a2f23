//! `ingest-report.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drafts::DraftReport;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestReport {
    pub report_path: String,
    pub run_id: String,
    pub job_id: String,
    pub status: UnitStatus,
    pub adapter: String,
    pub connection_id: String,
    pub sync_id: String,
    pub diff: IngestDiff,
    pub work_units: Vec<UnitReport>,
    /// One for each file of each unit.
    pub provenance_rows: usize,
    pub warnings: Vec<String>,
    /// The outcome for each view or semantic model, and what could not be converted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drafts: Vec<DraftReport>,
    pub created_at: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IngestDiff {
    pub added: usize,
    pub modified: usize,
    pub deleted: usize,
    pub unchanged: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitReport {
    pub key: String,
    pub status: UnitStatus,
    pub raw_files: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnitStatus {
    Done,
    /// Its files are those of the last run.
    Unchanged,
    Error,
}

impl UnitStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for IngestDiff {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "+{}/~{}/-{}/={}",
            self.added, self.modified, self.deleted, self.unchanged
        )
    }
}
