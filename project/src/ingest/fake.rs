//! The `fake` adapter: every folder below the source folder that has files is a unit. For trying an ingest out.

use std::collections::BTreeMap;
use std::path::Path;

use super::IngestError;
use super::pull::{Pull, WorkUnit};
use crate::files;

pub fn pull(source: &Path) -> Result<Pull, IngestError> {
    if !source.is_dir() {
        return Err(IngestError::NoSourceFolder(source.to_owned()));
    }
    let mut pull = Pull::default();
    let mut units: BTreeMap<String, WorkUnit> = BTreeMap::new();
    for file in files::all_below(source)? {
        let inner = file.strip_prefix(source).unwrap_or(&file);
        let parts: Vec<String> = inner
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let [folder, _, ..] = parts.as_slice() else {
            continue;
        };
        let key = format!("fake-{folder}");
        let unit = units
            .entry(key.clone())
            .or_insert_with(|| WorkUnit::new(key, Vec::new()));
        let name = parts.join("/");
        match fs_err::read(&file) {
            Ok(content) => {
                pull.files.insert(name.clone(), content);
                unit.files.push(name);
            }
            Err(error) => unit.failure = Some(error.to_string()),
        }
    }
    pull.units = units.into_values().collect();
    Ok(pull)
}
