//! Rows of `pg_stat_statements`, as a query or an export gives them.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::ingest::IngestError;
use crate::{Error, files};

/// A row of `pg_stat_statements`, by its column names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HistoryRow {
    /// Empty where the server hides the statement.
    #[serde(deserialize_with = "text_or_number")]
    pub queryid: String,
    pub query: String,
    #[serde(default, deserialize_with = "number")]
    pub calls: f64,
    /// Milliseconds.
    #[serde(default, alias = "total_time", deserialize_with = "number")]
    pub total_exec_time: f64,
    #[serde(default, deserialize_with = "number")]
    pub rows: f64,
    #[serde(default, alias = "rolname", alias = "username")]
    pub usename: Option<String>,
    /// The role that reads the statistics.
    #[serde(default)]
    pub reader: Option<String>,
}

/// JSON lines with the columns of `pg_stat_statements`. A line that is not a row is skipped.
pub fn read_export(source: &Path) -> Result<(Vec<HistoryRow>, Vec<String>), IngestError> {
    if !source.is_dir() {
        return Err(IngestError::NoSourceFolder(source.to_owned()));
    }
    let (mut rows, mut warnings) = (Vec::new(), Vec::new());
    for file in files::all_below(source)? {
        if !file
            .extension()
            .is_some_and(|extension| extension == "jsonl" || extension == "ndjson")
        {
            continue;
        }
        let text = fs_err::read_to_string(&file).map_err(|error| Error::io("read", &file, error))?;
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        for (number, line) in (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty())
        {
            match serde_json::from_str(line) {
                Ok(row) => rows.push(row),
                Err(_) => warnings.push(format!("row_invalid:{name}:{number}")),
            }
        }
    }
    Ok((rows, warnings))
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        _ => return Err(serde::de::Error::custom("expected an id")),
    })
}

/// Exports write numbers as text where a float would lose digits.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    number.ok_or_else(|| serde::de::Error::custom("expected a number"))
}
