//! A folder of advisories, one JSON file each, as OSV exports them. Only those that name a locked package are parsed: a
//! full export has hundreds of thousands of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::locked::normalised;
use memchr::memmem;
use walkdir::WalkDir;

use crate::advisory::Advisory;
use crate::ecosystem::Ecosystem;
use crate::locked::LockedPackage;

/// The advisories that may be about the locked packages, and what else the folder has.
#[derive(Debug, Default)]
pub struct Database {
    pub(crate) advisories: Vec<Advisory>,
    held: BTreeMap<Ecosystem, Held>,
}

/// What there is for an ecosystem.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// The number of advisories.
    pub advisories: u64,
    /// When the newest of them was changed: the data is at least this recent.
    pub newest: Option<Timestamp>,
}

/// The folder cannot be read, or a file in it is not an advisory.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("failed to read `{}`: {cause}", path.display())]
    Folder { path: PathBuf, cause: String },
    #[error("failed to read `{}`: it is not an advisory in the OSV format: {cause}", path.display())]
    File { path: PathBuf, cause: String },
}

impl Database {
    /// Reads the folder and everything below it.
    pub fn read(folder: &Path, locked: &[LockedPackage]) -> Result<Self, DatabaseError> {
        let names: BTreeSet<String> = locked.iter().map(|package| normalised(&package.name)).collect();
        let mut database = Self::default();
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| DatabaseError::Folder {
                path: folder.to_owned(),
                cause: error.to_string(),
            })?;
            let path = entry.path();
            if !entry.file_type().is_file() || path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            database.add(path, &names).map_err(|cause| DatabaseError::File {
                path: path.to_owned(),
                cause,
            })?;
        }
        Ok(database)
    }

    pub fn held(&self, ecosystem: Ecosystem) -> Held {
        self.held.get(&ecosystem).copied().unwrap_or_default()
    }

    fn add(&mut self, path: &Path, names: &BTreeSet<String>) -> Result<(), String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        if !text.trim_start().starts_with('{') || !text.trim_end().ends_with('}') {
            return Err("it is not one JSON object".to_owned());
        }
        let modified = strings(&text, "modified").find_map(|text| text?.parse::<Timestamp>().ok());
        let modified = modified.ok_or("it does not say when it was changed")?;
        let mut is_relevant = false;
        let ecosystems: BTreeSet<Ecosystem> = strings(&text, "ecosystem")
            .filter_map(|name| Ecosystem::of_advisory(name?))
            .collect();
        for ecosystem in ecosystems {
            let held = self.held.entry(ecosystem).or_default();
            held.advisories += 1;
            held.newest = held.newest.max(Some(modified));
            // A name with an escape is looked at closely.
            is_relevant |=
                strings(&text, "name").any(|name| name.is_none_or(|name| names.contains(&normalised(name))));
        }
        if is_relevant {
            let advisory = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            self.advisories.push(advisory);
        }
        Ok(())
    }
}

/// The texts under every key of that name, at whatever depth; `None` for one that has an escape.
fn strings<'a>(text: &'a str, key: &str) -> impl Iterator<Item = Option<&'a str>> {
    let key = format!("\"{key}\"");
    let found: Vec<usize> = memmem::find_iter(text.as_bytes(), &key).collect();
    found.into_iter().filter_map(move |start| {
        let rest = text.get(start + key.len()..)?.trim_start().strip_prefix(':')?;
        let value = rest.trim_start().strip_prefix('"')?;
        let (value, _) = value.split_once('"')?;
        Some((!value.contains('\\')).then_some(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        let text = r#"{"name": "one", "name":"two", "x": {"name" :  "three"}, "name": 4, "a": "name", "name": "l\u0065ft"}"#;
        let found: Vec<_> = strings(text, "name").collect();
        assert_eq!(found, [Some("one"), Some("two"), Some("three"), None]);
        assert_eq!(strings(text, "ame").count(), 0);
    }
}
