//! The rows of one reading statement, written to a file by the service. A request that is given up leaves no file.

use std::path::PathBuf;

use serde::Serialize;

use super::place::DatabasePlace;
use super::service::{Call, PortError, Service};
use crate::http::Caller;

const EXPORT: Call = Call {
    caller: Caller::Daemon,
    path: "/database/export",
    subcommand: "database-export",
};

#[derive(Clone, Serialize)]
pub struct ExportRequest {
    pub connection_id: String,
    #[serde(flatten)]
    pub place: DatabasePlace,
    pub sql: String,
    /// Absolute: an empty file with the name of an unfinished one.
    pub file: PathBuf,
    /// `csv`, `jsonl` or `parquet`.
    pub format: &'static str,
    /// Which columns of the statement, in this order; all of them when it is none.
    pub columns: Option<Vec<usize>>,
    pub statement_timeout_ms: u64,
    pub allowed_functions: Vec<String>,
}

/// Runs the statement, and returns how many rows it wrote.
///
/// # Errors
/// When it is refused or fails, in the words of the service, or when the answer has no count.
pub fn export_database(service: &Service, request: &ExportRequest) -> Result<u64, PortError> {
    let payload = serde_json::to_value(request).map_err(|error| PortError::Answer(error.to_string()))?;
    let answer = service.call(EXPORT, &payload)?;
    let rows = answer.get("rows").and_then(serde_json::Value::as_u64);
    rows.ok_or_else(|| {
        PortError::Answer("ktx-daemon database export response is missing field rows".to_owned())
    })
}
