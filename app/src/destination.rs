//! Files of rows: the ending of the name is the format.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use ktx_project::warehouse::TextFormat;
use serde::Serialize;

/// The format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    Jsonl,
    Parquet,
}

impl ExportFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// None for what this program does not write itself.
    pub(crate) fn text(self) -> Option<TextFormat> {
        match self {
            Self::Csv => Some(TextFormat::Csv),
            Self::Jsonl => Some(TextFormat::JsonLines),
            Self::Parquet => None,
        }
    }
}

/// A file to write; the ending of its name is the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub(crate) path: PathBuf,
    pub(crate) format: ExportFormat,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` does not end in .csv, .jsonl or .parquet")]
pub struct UnknownEnding(String);

impl FromStr for Destination {
    type Err = UnknownEnding;

    fn from_str(text: &str) -> Result<Self, UnknownEnding> {
        let path = Path::new(text);
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("csv") => ExportFormat::Csv,
            Some("jsonl") => ExportFormat::Jsonl,
            Some("parquet") => ExportFormat::Parquet,
            _ => return Err(UnknownEnding(text.to_owned())),
        };
        Ok(Self {
            path: path.to_owned(),
            format,
        })
    }
}
