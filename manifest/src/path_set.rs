//! The paths of one archive taken together: no two of them may be the same file on any file system. A single path is
//! [`ArchivePath`]'s concern.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::archive_path::{ArchivePath, collision_key};

/// Paths that do not collide, also where case or Unicode form do not count.
#[derive(Debug, Default)]
pub struct PathSet {
    seen: BTreeMap<String, (String, Occupant)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    File,
    Directory,
}

/// A path that is, on some file system, another path of the same archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{second}` collides with `{first}`")]
pub struct PathCollision {
    pub first: String,
    pub second: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occupant {
    File,
    Directory,
    /// A directory that no entry stands for, only files below it.
    ImpliedDirectory,
}

impl PathCollision {
    /// Whether the two are the same text, and not only the same on a file system that folds names.
    pub fn is_duplicate(&self) -> bool {
        self.first == self.second
    }
}

impl PathSet {
    /// Adds a path and the directories above it. A directory may be listed once and be implied by any number of
    /// files, always in one spelling.
    pub fn insert(&mut self, path: &ArchivePath, kind: PathKind) -> Result<(), PathCollision> {
        for (end, _) in path.as_str().match_indices('/') {
            self.place(&path.as_str()[..end], Occupant::ImpliedDirectory)?;
        }
        let place = match kind {
            PathKind::File => Occupant::File,
            PathKind::Directory => Occupant::Directory,
        };
        self.place(path.as_str(), place)
    }

    fn place(&mut self, path: &str, place: Occupant) -> Result<(), PathCollision> {
        match self.seen.entry(collision_key(path)) {
            Entry::Vacant(vacant) => {
                vacant.insert((path.to_owned(), place));
                Ok(())
            }
            Entry::Occupied(mut known) => {
                let (first, standing) = known.get_mut();
                match (*standing, place) {
                    (Occupant::ImpliedDirectory, Occupant::Directory | Occupant::ImpliedDirectory)
                        if first == path =>
                    {
                        *standing = place;
                        Ok(())
                    }
                    (Occupant::Directory, Occupant::ImpliedDirectory) if first == path => Ok(()),
                    _ => Err(PathCollision {
                        first: first.clone(),
                        second: path.to_owned(),
                    }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PathCollision, PathKind, PathSet};

    fn add(paths: &[&str]) -> Result<(), PathCollision> {
        let mut set = PathSet::default();
        paths.iter().try_for_each(|path| {
            let kind = if path.ends_with('/') {
                PathKind::Directory
            } else {
                PathKind::File
            };
            set.insert(&path.trim_end_matches('/').parse().unwrap(), kind)
        })
    }

    #[test]
    fn takes_paths_that_every_file_system_keeps_apart() {
        for paths in [
            &["a", "b"][..],
            &["a/b", "a/c"],
            &["a/b", "a/"],
            &["a/", "a/b", "a/c/"],
            &["é", "e"],
        ] {
            assert_eq!(add(paths), Ok(()), "{paths:?}");
        }
    }

    #[test]
    fn refuses_paths_that_some_file_system_makes_one() {
        for (paths, duplicate) in [
            (&["a", "a"][..], true),
            (&["a/", "a/"], true),
            (&["a/b", "a"], true),
            (&["a", "a/b"], true),
            (&["a/", "a"], true),
            (&["a", "A"], false),
            (&["a/b", "A/c"], false),
            (&["a/b", "A/"], false),
            (&["Straße", "STRASSE"], false),
            (&["ÉTÉ", "été"], false),
            (&["ς", "Σ"], false),
            (&["ﬁ", "fi"], false),
        ] {
            let collision = add(paths).expect_err("two paths were taken for different files");
            assert_eq!(collision.is_duplicate(), duplicate, "{paths:?}");
        }
    }
}
