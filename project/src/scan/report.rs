//! `scan-report.json`. Member names are the format's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mode::{Mode, Trigger};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanReport {
    pub connection_id: String,
    pub driver: String,
    pub sync_id: String,
    pub run_id: String,
    pub trigger: Trigger,
    pub mode: Mode,
    pub dry_run: bool,
    pub artifact_paths: ArtifactPaths,
    pub diff_summary: DiffSummary,
    pub manifest_shards_written: usize,
    pub structural_sync_stats: StructuralSyncStats,
    pub enrichment: Enrichment,
    pub capability_gaps: Vec<String>,
    pub warnings: Vec<Warning>,
    pub relationships: RelationshipCounts,
    /// What the detection of relationships asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    pub enrichment_state: Option<String>,
    pub created_at: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactPaths {
    pub raw_sources_dir: Option<String>,
    pub report_path: Option<String>,
    pub manifest_shards: Vec<String>,
    pub enrichment_artifacts: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffSummary {
    pub tables_added: usize,
    pub tables_modified: usize,
    pub tables_deleted: usize,
    pub tables_unchanged: usize,
    pub columns_added: usize,
    pub columns_modified: usize,
    pub columns_deleted: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StructuralSyncStats {
    pub tables: usize,
    pub columns: usize,
    pub foreign_keys: usize,
    pub raw_files: usize,
    /// Of all of them: about what the database sent for its catalog.
    #[serde(default)]
    pub raw_bytes: usize,
    pub reused_sync: bool,
}

/// Always the same here: nothing of a warehouse is sent to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrichment {
    pub data_dictionary: String,
    pub table_descriptions: String,
    pub column_descriptions: String,
    pub embeddings: String,
    pub deterministic_relationships: String,
    pub llm_relationship_validation: String,
    pub statistical_validation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    pub code: String,
    pub message: String,
    /// The scan went on without it.
    pub recoverable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelationshipCounts {
    pub accepted: usize,
    pub review: usize,
    pub rejected: usize,
    pub skipped: usize,
}

/// What the detection asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sampling {
    pub statements: usize,
    /// Of columns that may refer to a key, and of columns that may be one.
    pub questions: usize,
    /// Of them, those that a scan that was cut off had asked already.
    pub resumed: usize,
}

impl Enrichment {
    pub fn of(mode: Mode) -> Self {
        let skipped = || "skipped".to_owned();
        let detected = || match mode {
            Mode::Structural => skipped(),
            Mode::Relationships => "completed".to_owned(),
        };
        Self {
            data_dictionary: skipped(),
            table_descriptions: skipped(),
            column_descriptions: skipped(),
            embeddings: skipped(),
            deterministic_relationships: detected(),
            llm_relationship_validation: skipped(),
            statistical_validation: detected(),
        }
    }
}

impl Warning {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            recoverable: true,
            table: None,
            column: None,
        }
    }

    #[must_use]
    pub fn about(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }
}

impl RelationshipCounts {
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl DiffSummary {
    pub fn changes(&self) -> usize {
        self.tables_added + self.tables_modified + self.tables_deleted
    }

    pub fn tables(&self) -> usize {
        self.changes() + self.tables_unchanged
    }
}
