//! Gathers the entries of an archive and refuses two that would be one file somewhere.

use std::collections::BTreeMap;

use ktx_manifest::path_set::PathKind;
use ktx_manifest::{ArchivePath, Finding};

use super::Entry;

/// Entries by path; sorted because a [`BTreeMap`] is.
#[derive(Debug, Default)]
pub struct Collector {
    entries: BTreeMap<ArchivePath, Entry>,
    paths: ktx_manifest::path_set::PathSet,
    findings: Vec<Finding>,
}

impl Collector {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an entry, unless its path collides with an earlier one; the finding names both sources.
    pub fn add(&mut self, entry: Entry) {
        match self.paths.insert(&entry.path, PathKind::File) {
            Ok(()) => {
                self.entries.insert(entry.path.clone(), entry);
            }
            Err(collision) => {
                let first = &collision.first;
                let known = self.entries.values().find(|known| known.path.as_str() == first);
                let origin = known
                    .map(|known| format!(" (from {})", known.origin()))
                    .unwrap_or_default();
                let message = format!(
                    "failed to add `{}` (from {}): it collides with `{first}`{origin}",
                    entry.path,
                    entry.origin()
                );
                self.findings
                    .push(Finding::error("entry-collision", message).with_hint(
                        "rename one: file systems that ignore case or Unicode form hold only one of them",
                    ));
            }
        }
    }

    /// The entries in order, and what was refused.
    pub fn finish(self) -> (Vec<Entry>, Vec<Finding>) {
        (self.entries.into_values().collect(), self.findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Mode;

    fn entry(path: &str, from: &str) -> Entry {
        let path = path.parse().expect("a safe path");
        Entry {
            path,
            mode: Mode::Regular,
            bytes: Vec::new(),
            from: Some(from.into()),
        }
    }

    #[track_caller]
    fn check(paths: &[&str], expected: &[&str]) {
        let mut collector = Collector::new();
        for path in paths {
            collector.add(entry(path, &format!("source/{path}")));
        }
        let messages: Vec<_> = collector
            .finish()
            .1
            .into_iter()
            .map(|finding| finding.message)
            .collect();
        assert_eq!(messages, expected, "{paths:?}");
    }

    #[test]
    fn two_sources_of_one_file_are_both_named() {
        check(&["a/b.py", "a/c.py", "b/b.py"], &[]);
        check(
            &["a/b.py", "a/b.py"],
            &["failed to add `a/b.py` (from source/a/b.py): it collides with `a/b.py` (from source/a/b.py)"],
        );
        check(
            &["a/b.py", "a/B.py"],
            &["failed to add `a/B.py` (from source/a/B.py): it collides with `a/b.py` (from source/a/b.py)"],
        );
        check(
            &["straße.py", "strasse.py"],
            &[
                "failed to add `strasse.py` (from source/strasse.py): it collides with `straße.py` (from source/straße.py)",
            ],
        );
        check(
            &["a/b.py", "A/c.py"],
            &["failed to add `A/c.py` (from source/A/c.py): it collides with `a`"],
        );
        check(
            &["a", "a/c.py"],
            &["failed to add `a/c.py` (from source/a/c.py): it collides with `a` (from source/a)"],
        );
    }

    #[test]
    fn entries_come_out_sorted_however_they_went_in() {
        let mut collector = Collector::new();
        for path in ["b", "a/z", "a.py", "a/B"] {
            collector.add(entry(path, path));
        }
        let paths: Vec<_> = collector
            .finish()
            .0
            .into_iter()
            .map(|entry| entry.path.to_string())
            .collect();
        assert_eq!(paths, ["a.py", "a/B", "a/z", "b"]);
    }
}
