//! Warehouses that this program reads by itself. Rows are JSON values, as every port of ours has them.

mod sqlite;
mod sqlite_schema;
mod statement;
mod text_rows;

pub use sqlite::Sqlite;
pub use statement::{is_read_only_text, quoted};
pub use text_rows::TextFormat;

use serde::Serialize;
use serde_json::Value;

use crate::sqlite_error::{ErrorCode, SqliteError};

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
    #[error("failed to open `{path}`: no such file")]
    Missing { path: String },
    #[error("failed to open `{path}`: {source}")]
    Open { path: String, source: SqliteError },
    #[error("failed to run the query on `{path}`: {source}")]
    Query { path: String, source: SqliteError },
    #[error("Only read-only SELECT/WITH queries can be executed locally.")]
    NotReadOnly,
    #[error("two columns are named `{name}`")]
    NamedTwice { name: String },
    #[error("failed to write the file: {0}")]
    Write(std::io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl WarehouseError {
    pub fn hint(&self) -> Option<String> {
        let is_locked = |source: &SqliteError| {
            matches!(
                source.code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            )
        };
        let hint = match self {
            Self::Missing { .. } => "check `path` of the connection in ktx.yaml",
            Self::Open { source, .. } if source.code() == Some(ErrorCode::NotADatabase) => {
                "the file is not a SQLite database"
            }
            Self::Open { source, .. } if is_locked(source) => {
                "another program holds it locked; run the command again when it is done"
            }
            Self::Open { .. } => "check that the file is a SQLite database that may be read",
            Self::Query { source, .. } if is_locked(source) => {
                "another program is writing to it; run the command again when it is done"
            }
            Self::NotReadOnly => "write one statement that starts with SELECT or WITH",
            Self::NamedTwice { .. } => "give one of them another name, or write .csv",
            Self::Query { .. } | Self::Write(_) | Self::Interrupted => return None,
        };
        Some(hint.to_owned())
    }
}
