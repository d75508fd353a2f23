//! Everything under `semantic-layer/<connection>/`, loaded. What cannot be read only affects its own sources:
//! `problems` name the file, the line and the sources that are skipped for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::overlay::Overlay;
use super::problem::Problem;
use super::salvage::{names_in, stem};
use super::shape::{self, Definition};
use super::shard::Shard;
use super::source::Source;
use crate::folder::Folder;
use crate::yaml::{self, Node};
use crate::{ConnectionId, Error, files};

/// Adapters with a folder of drafts each.
const DRAFTING_ADAPTERS: [&str; 2] = ["looker", "metricflow"];

#[derive(Debug, Clone)]
pub struct CatalogEntry {
    pub source: Source,
    /// Relative to the project, with `#<table>` behind a shard that holds several.
    pub path: String,
    /// Where it begins there.
    pub line: u64,
}

#[derive(Debug, Default)]
pub struct Catalog {
    pub entries: BTreeMap<String, CatalogEntry>,
    pub problems: Vec<Problem>,
    /// Sources with a fault that could be read: the compiler wants to know their joins.
    faulty: Vec<Source>,
}

/// Every definition that could be read, and where it is.
#[derive(Default)]
struct Definitions {
    tables: BTreeMap<String, Vec<CatalogEntry>>,
    overlays: BTreeMap<String, Vec<(String, u64, Overlay)>>,
    standalone: BTreeMap<String, Vec<CatalogEntry>>,
}

impl Catalog {
    pub fn load(folder: &Folder, connection: &ConnectionId) -> Result<Self, Error> {
        Self::load_with(folder, connection, None)
    }

    /// As if a file of it, new or not, held this text.
    pub fn load_with(
        folder: &Folder,
        connection: &ConnectionId,
        changed: Option<(&Path, &str)>,
    ) -> Result<Self, Error> {
        let root = folder.semantic_layer(connection);
        let mut catalog = Self::default();
        let mut definitions = Definitions::default();
        let mut found = files::yaml_below(&root)?;
        if let Some((path, _)) = changed
            && let Err(place) = found.binary_search_by(|file| file.as_path().cmp(path))
        {
            found.insert(place, path.to_owned());
        }
        for file in found {
            let path = folder.relative(&file);
            let is_shard = file
                .strip_prefix(&root)
                .is_ok_and(|inner| inner.starts_with("_schema"));
            let text = match changed {
                Some((changed, text)) if changed == file => Ok(text.to_owned()),
                _ => fs_err::read_to_string(&file),
            };
            catalog.load_text(text, &file, path, is_shard, &mut definitions);
        }
        catalog.resolve(definitions);
        Ok(catalog)
    }

    fn load_text(
        &mut self,
        text: io::Result<String>,
        file: &Path,
        path: String,
        is_shard: bool,
        definitions: &mut Definitions,
    ) {
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                let sources = stem(file).into_iter().collect();
                return self.problems.push(Problem {
                    path,
                    place: None,
                    reason: files::cause(error).to_string(),
                    sources,
                });
            }
        };
        let node = match yaml::parse(&text) {
            Ok(node) => node,
            Err(error) => {
                return self.problems.push(Problem {
                    path,
                    place: error.place,
                    reason: error.reason,
                    sources: names_in(&text, file, is_shard),
                });
            }
        };
        if is_shard {
            let (shard, faults) = Shard::read_each(&node);
            for (table, finding) in faults {
                let sources = table.map_or_else(|| names_in(&text, file, is_shard), |table| vec![table]);
                self.problems.push(Problem::of_finding(&path, &finding, sources));
            }
            for (name, table) in shard.tables {
                let tables = node.get("tables").map(Node::entries).unwrap_or_default();
                let key = tables.iter().find(|(key, _)| key.name == name);
                let entry = CatalogEntry {
                    source: table.to_source(&name),
                    path: format!("{path}#{name}"),
                    line: key.map_or(1, |(key, _)| key.place.line),
                };
                definitions.tables.entry(name).or_default().push(entry);
            }
            return;
        }
        if shape::is_proposals(&node) {
            return;
        }
        match shape::read(&node) {
            Ok(Definition::Standalone(source)) => {
                let name = source.name.clone();
                let entry = CatalogEntry {
                    source: *source,
                    path,
                    line: node.place.line,
                };
                definitions.standalone.entry(name).or_default().push(entry);
            }
            Ok(Definition::Overlay(overlay)) => {
                let named = definitions.overlays.entry(overlay.name.clone());
                named.or_default().push((path, node.place.line, *overlay));
            }
            Err(findings) => {
                let written = node
                    .get("name")
                    .and_then(|name| name.as_text().map(str::to_owned));
                let sources: Vec<String> = written.or_else(|| stem(file)).into_iter().collect();
                match findings.first() {
                    Some(finding) => self.problems.push(Problem::of_finding(&path, finding, sources)),
                    None => self.problems.push(Problem {
                        path,
                        place: Some(node.place),
                        reason: "not a semantic-layer source".to_owned(),
                        sources,
                    }),
                }
            }
        }
    }

    /// A standalone source wins over a scanned table of its name; apart from that a name has one definition.
    fn resolve(&mut self, definitions: Definitions) {
        let Definitions {
            mut tables,
            overlays,
            mut standalone,
        } = definitions;
        for entries in standalone.values_mut() {
            if entries.iter().any(|entry| !is_draft(&entry.path)) {
                entries.retain(|entry| !is_draft(&entry.path));
            }
        }
        for (name, mut overlays) in overlays {
            // What people wrote comes after what was drafted for them, and so wins.
            let drafts = overlays.extract_if(.., |(path, ..)| is_draft(path));
            for (path, line, draft) in drafts.collect::<Vec<_>>() {
                match tables.get_mut(&name).map(Vec::as_mut_slice) {
                    Some([table]) => {
                        draft.apply(&mut table.source);
                        table.path = path;
                        table.line = line;
                    }
                    _ => overlays.push((path, line, draft)),
                }
            }
            match (tables.get_mut(&name).map(Vec::as_mut_slice), overlays.as_slice()) {
                (Some([table]), [(path, line, overlay)]) => {
                    overlay.apply(&mut table.source);
                    table.path.clone_from(path);
                    table.line = *line;
                }
                (Some(_), [(path, ..), others @ ..]) => {
                    for (other, ..) in others {
                        self.problems.push(Problem {
                            path: other.clone(),
                            place: None,
                            reason: format!(
                                "Duplicate source name '{name}': `{path}` is an overlay of it too"
                            ),
                            sources: vec![name.clone()],
                        });
                    }
                }
                (None, overlays) if !standalone.contains_key(&name) => {
                    self.problems.extend(overlays.iter().map(|(path, ..)| Problem {
                        path: path.clone(),
                        place: None,
                        reason: format!(
                            "overlay `{name}` matches no scanned table; it needs `table` or `sql`"
                        ),
                        sources: vec![name.clone()],
                    }));
                }
                _ => {}
            }
        }
        for name in standalone.keys() {
            tables.remove(name);
        }
        for (name, mut entries) in tables.into_iter().chain(standalone) {
            let Some(first) = (!entries.is_empty()).then(|| entries.remove(0)) else {
                continue;
            };
            for other in &entries {
                let (path, in_shard) = match other.path.split_once('#') {
                    Some((path, _)) => (path.to_owned(), format!(" in manifest shard {path}")),
                    None => (other.path.clone(), String::new()),
                };
                let (defined, _) = first.path.split_once('#').unwrap_or((&first.path, ""));
                self.problems.push(Problem {
                    path,
                    place: None,
                    reason: format!("Duplicate source name '{name}'{in_shard}: `{defined}` defines it too"),
                    sources: vec![name.clone()],
                });
            }
            self.entries.insert(name, first);
        }
        let left_out: BTreeSet<&String> = self
            .problems
            .iter()
            .flat_map(|problem| &problem.sources)
            .collect();
        let (faulty, usable) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|(name, _)| left_out.contains(name));
        self.entries = usable;
        let faulty: BTreeMap<String, CatalogEntry> = faulty;
        self.faulty = faulty.into_values().map(|entry| entry.source).collect();
    }

    /// What the compiler is given: the usable sources, and those with a fault that could be read.
    pub fn sources(&self) -> Vec<&Source> {
        self.entries
            .values()
            .map(|entry| &entry.source)
            .chain(&self.faulty)
            .collect()
    }

    /// Where each usable source is defined: `semantic-layer/wh/orders.yaml:1`.
    pub fn locations(&self) -> BTreeMap<String, String> {
        let located = self.entries.iter().map(|(name, entry)| {
            let path = entry.path.split('#').next().unwrap_or(&entry.path);
            (name.clone(), format!("{path}:{}", entry.line))
        });
        located.collect()
    }

    /// The sources that are skipped, and why. Where a file hides the names of its sources, those that joins name and
    /// nobody defines are taken for its.
    pub fn unreadable(&self) -> BTreeMap<String, String> {
        let mut unreadable = BTreeMap::new();
        for problem in &self.problems {
            for name in &problem.sources {
                unreadable.entry(name.clone()).or_insert_with(|| problem.fault());
            }
        }
        if let Some(hiding) = self.problems.iter().find(|problem| problem.sources.is_empty()) {
            let joins = self.entries.values().flat_map(|entry| &entry.source.joins);
            for join in joins.filter(|join| !self.entries.contains_key(&join.to)) {
                unreadable
                    .entry(join.to.clone())
                    .or_insert_with(|| hiding.fault());
            }
        }
        unreadable
    }
}

/// Whether an ingest made the file: `semantic-layer/<connection>/<adapter>/…`.
fn is_draft(path: &str) -> bool {
    path.split('/')
        .nth(2)
        .is_some_and(|folder| DRAFTING_ADAPTERS.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::Catalog;
    use crate::{ConnectionId, Folder};

    fn loaded(files: &[(&str, &str)]) -> Catalog {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::at(dir.path());
        let id = ConnectionId::parse("wh").expect("an id");
        for (name, text) in files {
            let path = folder.semantic_layer(&id).join(name);
            fs_err::create_dir_all(path.parent().expect("a parent")).expect("its folder");
            fs_err::write(path, text).expect("writes");
        }
        Catalog::load(&folder, &id).expect("loads")
    }

    const GOOD: (&str, &str) = (
        "good.yaml",
        "name: good\ntable: good\ngrain: [id]\ncolumns: [{name: id, type: number}]\njoins: [{to: lost, on: id = lost.id, relationship: many_to_one}]\n",
    );

    #[test]
    fn a_fault_costs_its_own_sources_and_names_file_and_line() {
        for (files, name, fault) in [
            (
                &[("bad.yaml", "name: [\n")][..],
                "bad",
                "semantic-layer/wh/bad.yaml:1: unclosed bracket '['",
            ),
            (
                &[("bad.yaml", "name: lost # mine\ntable: x\ngrain: [\n")],
                "lost",
                "semantic-layer/wh/bad.yaml:3",
            ),
            (
                &[("bad.yaml", "name: lost\ntable: x\ngrain: [id]\ncolumns: 3\n")],
                "lost",
                "semantic-layer/wh/bad.yaml:4: columns: expected a list, found a number",
            ),
            (
                &[(
                    "_schema/public.yaml",
                    "tables:\n  lost:\n    table: lost\n    columns: 3\n  kept:\n    table: kept\n    columns: [{name: id, type: number}]\n",
                )],
                "lost",
                "semantic-layer/wh/_schema/public.yaml:4: tables.lost.columns: expected a list, found a number",
            ),
            (
                &[(
                    "_schema/public.yaml",
                    "tables:\n  lost:\n    table: lost\n    columns: [\n",
                )],
                "lost",
                "semantic-layer/wh/_schema/public.yaml:",
            ),
            (
                &[
                    ("a.yaml", "{name: lost, table: a, grain: [id], columns: []}"),
                    ("b.yaml", "{name: lost, table: b, grain: [id], columns: []}"),
                ],
                "lost",
                "semantic-layer/wh/b.yaml: Duplicate source name 'lost': `semantic-layer/wh/a.yaml` defines it too",
            ),
            (
                &[("lost.yaml", "name: lost\nmeasures: []\n")],
                "lost",
                "semantic-layer/wh/lost.yaml: overlay `lost` matches no scanned table",
            ),
        ] {
            let catalog = loaded(&[&[GOOD], files].concat());
            let unreadable = catalog.unreadable();
            let said = unreadable.get(name).map(String::as_str).unwrap_or_default();
            assert!(said.starts_with(fault), "{files:?}: {unreadable:?}");
            assert!(!catalog.entries.contains_key(name), "{files:?}");
            assert_eq!(catalog.entries["good"].source.joins.len(), 1, "{files:?}");
        }
    }

    #[test]
    fn the_twin_without_a_fault_has_every_source() {
        let catalog = loaded(&[
            GOOD,
            (
                "_schema/public.yaml",
                "tables:\n  lost:\n    table: lost\n    columns: [{name: id, type: number}]\n",
            ),
            (
                "lost.yaml",
                "name: lost\nmeasures: [{name: n, expr: count(id)}]\n",
            ),
        ]);
        assert_eq!(catalog.problems, []);
        assert_eq!(catalog.entries["lost"].source.measures.len(), 1);
        assert!(catalog.unreadable().is_empty());
    }
}
