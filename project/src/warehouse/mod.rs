//! Warehouses that this program reads by itself. Rows are JSON values, as every port of ours has them.

mod sqlite;
mod sqlite_schema;
mod statement;

pub use sqlite::Sqlite;
pub use statement::{is_read_only_text, quoted};

use serde::Serialize;
use serde_json::Value;

/// The rows of one statement, at most as many as were asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rows {
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There was at least one more row than the cap.
    pub truncated: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    #[error("failed to open `{path}`: {cause}")]
    Open {
        path: String,
        cause: String,
        hint: &'static str,
    },
    #[error("failed to run the query on `{path}`: {cause}")]
    Query { path: String, cause: String },
    #[error("Only read-only SELECT/WITH queries can be executed locally.")]
    NotReadOnly,
    #[error("interrupted")]
    Interrupted,
}

impl WarehouseError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open { hint, .. } => Some((*hint).to_owned()),
            Self::NotReadOnly => Some("write one statement that starts with SELECT or WITH".into()),
            Self::Query { cause, .. } if cause.contains("locked") => {
                Some("another program is writing to it; run the command again when it is done".into())
            }
            Self::Query { .. } | Self::Interrupted => None,
        }
    }
}
