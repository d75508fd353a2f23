//! Everything under `semantic-layer/<connection>/`, loaded. A file that cannot be read costs its own sources and
//! nothing else: it is named in `problems`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::overlay::Overlay;
use super::shape::{self, Definition};
use super::shard::Shard;
use super::source::Source;
use crate::folder::Folder;
use crate::yaml::{self, Finding};
use crate::{ConnectionId, Error, files};

#[derive(Debug, Clone)]
pub struct Entry {
    pub source: Source,
    /// Relative to the project, with `#<table>` behind a shard that holds several.
    pub path: String,
}

/// A file that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub reason: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "failed to read `{}`: {}", self.path, self.reason)
    }
}

#[derive(Debug, Default)]
pub struct Catalog {
    pub entries: BTreeMap<String, Entry>,
    pub problems: Vec<Problem>,
}

impl Catalog {
    pub fn load(folder: &Folder, connection: &ConnectionId) -> Result<Self, Error> {
        let root = folder.semantic_layer(connection);
        let mut catalog = Self::default();
        let mut overlays: Vec<(String, Overlay)> = Vec::new();
        let mut standalone: Vec<(String, Source)> = Vec::new();
        for file in files::yaml_below(&root)? {
            let path = folder.relative(&file);
            let shard = file
                .strip_prefix(&root)
                .is_ok_and(|inner| inner.starts_with("_schema"));
            match load_file(&file, shard) {
                Ok(Loaded::Shard(shard)) => catalog.add_shard(&path, &shard),
                Ok(Loaded::Definition(Definition::Standalone(source))) => standalone.push((path, *source)),
                Ok(Loaded::Definition(Definition::Overlay(overlay))) => overlays.push((path, *overlay)),
                Err(reason) => catalog.problems.push(Problem { path, reason }),
            }
        }
        for (path, overlay) in overlays {
            match catalog.entries.get_mut(&overlay.name) {
                Some(entry) => {
                    overlay.apply(&mut entry.source);
                    entry.path = path;
                }
                None => catalog.problems.push(Problem {
                    path,
                    reason: format!(
                        "overlay `{}` matches no scanned table; it needs `table` or `sql`",
                        overlay.name
                    ),
                }),
            }
        }
        let mut seen = BTreeSet::new();
        for (path, source) in standalone {
            if seen.insert(source.name.clone()) {
                catalog
                    .entries
                    .insert(source.name.clone(), Entry { source, path });
            } else {
                catalog.problems.push(Problem {
                    path,
                    reason: format!("Duplicate source name '{}'", source.name),
                });
            }
        }
        catalog.drop_joins_into_broken_files();
        Ok(catalog)
    }

    fn add_shard(&mut self, path: &str, shard: &Shard) {
        for (name, table) in &shard.tables {
            if self.entries.contains_key(name) {
                self.problems.push(Problem {
                    path: path.to_owned(),
                    reason: format!("Duplicate source name '{name}' in manifest shard {path}"),
                });
                continue;
            }
            let entry = Entry {
                source: table.to_source(name),
                path: format!("{path}#{name}"),
            };
            self.entries.insert(name.clone(), entry);
        }
    }

    /// A join to a source that a broken file would have given must not take the healthy sources down with it.
    /// Without broken files a dangling join is a mistake in the model, which the query refuses by name.
    fn drop_joins_into_broken_files(&mut self) {
        if self.problems.is_empty() {
            return;
        }
        let known: BTreeSet<String> = self.entries.keys().cloned().collect();
        for entry in self.entries.values_mut() {
            entry.source.joins.retain(|join| known.contains(&join.to));
        }
    }

    pub fn sources(&self) -> Vec<&Source> {
        self.entries.values().map(|entry| &entry.source).collect()
    }
}

enum Loaded {
    Shard(Shard),
    Definition(Definition),
}

fn load_file(file: &Path, shard: bool) -> Result<Loaded, String> {
    let text = fs_err::read_to_string(PathBuf::from(file)).map_err(|error| files::cause(&error))?;
    let node = yaml::parse(&text).map_err(|error| error.to_string())?;
    let first = |findings: Vec<Finding>| match findings.first() {
        Some(finding) => format!("{}: {finding}", finding.place),
        None => "not a semantic-layer source".to_owned(),
    };
    match shard {
        true => Shard::read(&node).map(Loaded::Shard).map_err(first),
        false => shape::read(&node).map(Loaded::Definition).map_err(first),
    }
}
