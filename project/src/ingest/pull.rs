//! What an adapter brings: files, and the units of work that they belong to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::drafts::DraftSet;
use super::report::UnitStatus;

/// Everything that one run pulled. Paths are relative, with forward slashes.
#[derive(Debug, Clone, Default)]
pub struct Pull {
    pub files: BTreeMap<String, Vec<u8>>,
    pub units: Vec<WorkUnit>,
    /// `<code>:<what>`, for items that were skipped.
    pub warnings: Vec<String>,
    /// Sources for the semantic layer.
    pub drafts: Vec<DraftSet>,
    /// About the whole run; not compared with the run before.
    pub manifest: Option<serde_json::Value>,
}

/// Files that change together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkUnit {
    pub key: String,
    pub files: Vec<String>,
    /// Why the unit failed, if it did; the others continue.
    pub failure: Option<String>,
}

impl WorkUnit {
    pub fn new(key: impl Into<String>, files: Vec<String>) -> Self {
        Self {
            key: key.into(),
            files,
            failure: None,
        }
    }

    pub(super) fn status(&self, changed: bool) -> UnitStatus {
        match (&self.failure, changed) {
            (Some(_), _) => UnitStatus::Error,
            (None, true) => UnitStatus::Done,
            (None, false) => UnitStatus::Unchanged,
        }
    }
}

impl Pull {
    pub fn add_json<T: Serialize>(&mut self, path: String, value: &T) {
        let mut text =
            serde_json::to_vec_pretty(value).expect("our own types have text keys and finite numbers");
        text.push(b'\n');
        self.files.insert(path, text);
    }
}
