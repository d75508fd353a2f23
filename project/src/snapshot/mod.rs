//! What a scan found in a warehouse at one moment, in the form that raw snapshots keep on disk.

mod raw;
mod types;

pub use raw::{FileChanges, RawFiles, changes, file_name};
pub use types::{dimension_type, normalized_type};

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub connection_id: String,
    pub driver: String,
    /// RFC 3339, in UTC.
    pub extracted_at: String,
    pub scope: Scope,
    pub metadata: Value,
    pub tables: Vec<Table>,
    /// What is there and could not be read. About this reading, not about the warehouse: not kept.
    #[serde(skip)]
    pub unseen: Vec<Unseen>,
}

/// Something that a scan knows of and could not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    pub code: String,
    pub message: String,
    pub table: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub schemas: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    pub catalog: Option<String>,
    pub db: Option<String>,
    pub name: String,
    pub kind: TableKind,
    pub comment: Option<String>,
    pub estimated_rows: Option<u64>,
    pub columns: Vec<SnapshotColumn>,
    pub foreign_keys: Vec<ForeignKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    Table,
    View,
    MaterializedView,
}

impl TableKind {
    pub const WORDS: &[&str] = &["table", "view", "materialized_view"];

    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "table" => Self::Table,
            "view" => Self::View,
            "materialized_view" => Self::MaterializedView,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotColumn {
    pub name: String,
    pub native_type: String,
    pub normalized_type: String,
    pub dimension_type: String,
    pub nullable: bool,
    pub primary_key: bool,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKey {
    pub from_column: String,
    pub to_catalog: Option<String>,
    pub to_db: Option<String>,
    pub to_table: String,
    pub to_column: String,
    pub constraint_name: Option<String>,
}

impl SnapshotColumn {
    pub fn new(
        name: String,
        native_type: String,
        nullable: bool,
        primary_key: bool,
        comment: Option<String>,
    ) -> Self {
        Self {
            name,
            normalized_type: normalized_type(&native_type),
            dimension_type: dimension_type(&native_type).as_str().to_owned(),
            native_type,
            nullable,
            primary_key,
            comment,
        }
    }
}

impl Table {
    /// As queries name it: the parts that are known, with dots.
    pub fn path(&self) -> String {
        [
            self.catalog.as_deref(),
            self.db.as_deref(),
            Some(self.name.as_str()),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(".")
    }

    pub fn column(&self, name: &str) -> Option<&SnapshotColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}
