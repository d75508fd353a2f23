//! Proves that the user's own folders are what they were before the run.
//!
//! Configuration and what `ktx` itself would write are compared byte for byte. The caches of the package managers are
//! used by the user at the same time, so there only what names this run's folder is held against it: npm writes it into
//! its logs, uv into what it remembers of every interpreter and virtual environment, and pnpm links every project.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use sha2::{Digest, Sha256};

/// What is the user's, under the user's home.
#[derive(Clone, Debug, Default)]
pub struct Belongings {
    /// Compared byte for byte; folders with all that is in them.
    pub exact: Vec<Utf8PathBuf>,
    /// Searched for new files that name the run. One inside an exact folder is not exact.
    pub shared: Vec<Utf8PathBuf>,
}

impl Belongings {
    pub fn of_home(home: &Utf8Path) -> Belongings {
        let exact = [
            ".npmrc",
            ".yarnrc",
            ".yarnrc.yml",
            ".bunfig.toml",
            ".bashrc",
            ".profile",
            ".gitconfig",
            ".netrc",
            ".zshrc",
            ".config/npm",
            ".config/pnpm",
            ".config/pip",
            ".config/uv",
            ".local/share/kaelio",
            "Library/Application Support/kaelio",
            "AppData/Local/Kaelio",
            ".local/share/pnpm",
            ".bun",
            ".yarn",
        ];
        let shared = [
            ".npm/_logs",
            ".npm/_npx",
            ".npm/_cacache/index-v5",
            ".cache/uv",
            ".cache/pnpm",
            ".local/share/pnpm/store",
            ".bun/install/cache",
            ".yarn/berry/cache",
            "Library/Caches/uv",
            "Library/Caches/pnpm",
            "AppData/Local/uv/cache",
        ];
        Belongings {
            exact: exact.map(|name| home.join(name)).into(),
            shared: shared.map(|name| home.join(name)).into(),
        }
    }

    /// Adds a folder that others write to at the same time, such as a cache with its own place.
    #[must_use]
    pub fn with_shared(mut self, folder: Utf8PathBuf) -> Belongings {
        self.shared.push(folder);
        self
    }
}

/// Times of files may lag behind the clock by a tick of the kernel, or by a second on old file systems.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// What names a run in a cache is a record or a log; wheels and tarballs, which do not, are larger.
const TELLTALE_BYTES: u64 = 1 << 20;

/// The state of everything before the run.
#[derive(Debug)]
pub struct Untouched {
    belongings: Belongings,
    before: BTreeMap<Utf8PathBuf, String>,
    since: SystemTime,
}

impl Untouched {
    pub fn remember(belongings: &Belongings) -> Untouched {
        Untouched {
            belongings: belongings.clone(),
            before: belongings.pictures(),
            since: SystemTime::now() - CLOCK_STEP,
        }
    }

    /// What has changed; `run` is the path of the run's folder.
    pub fn changes(&self, run: &Utf8Path) -> Vec<String> {
        let after = self.belongings.pictures();
        let mut changes = Vec::new();
        for path in self.before.keys().chain(after.keys()) {
            let line = match (self.before.get(path), after.get(path)) {
                (Some(before), Some(after)) if before == after => continue,
                (Some(_), Some(_)) => format!("`{path}` was changed"),
                (None, _) => format!("`{path}` was made"),
                (_, None) => format!("`{path}` was removed"),
            };
            if !changes.contains(&line) {
                changes.push(line);
            }
        }
        for folder in &self.belongings.shared {
            self.search(folder, run, &mut changes);
        }
        changes
    }

    fn search(&self, folder: &Utf8Path, run: &Utf8Path, changes: &mut Vec<String>) {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = fs::symlink_metadata(path) else {
                continue;
            };
            let is_new = metadata.modified().is_ok_and(|time| time >= self.since);
            if metadata.is_dir() {
                self.search(path, run, changes);
            } else if is_new && names(path, &metadata, run) {
                changes.push(format!("`{path}` was written by a scenario"));
            }
        }
    }
}

/// Whether a link leads to a run's folder, or a file quotes its path.
fn names(path: &Utf8Path, metadata: &Metadata, run: &Utf8Path) -> bool {
    if metadata.is_symlink() {
        let parent = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
        let target = parent.zip(fs::read_link(path).ok());
        return target.is_some_and(|(parent, target)| without_dots(&parent.join(target)).starts_with(run));
    }
    metadata.len() <= TELLTALE_BYTES
        && fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(run.as_str()))
}

/// `/a/b/../c` as `/a/c`; what a link leads to may be gone, so that only its text can be looked at.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain
    })
}

impl Belongings {
    fn pictures(&self) -> BTreeMap<Utf8PathBuf, String> {
        let mut pictures = BTreeMap::new();
        for path in &self.exact {
            self.picture(path, &mut pictures);
        }
        pictures
    }

    fn picture(&self, path: &Utf8Path, pictures: &mut BTreeMap<Utf8PathBuf, String>) {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return;
        };
        if self.shared.iter().any(|shared| shared == path) {
            return;
        }
        let shown = if metadata.is_dir() {
            for entry in path.read_dir_utf8().into_iter().flatten().flatten() {
                self.picture(entry.path(), pictures);
            }
            // The user's own cache may be the first thing in a folder.
            if self.shared.iter().any(|shared| shared.starts_with(path)) {
                return;
            }
            "folder".to_owned()
        } else if metadata.is_symlink() {
            format!("link {:?}", fs::read_link(path).ok())
        } else {
            digest(path)
        };
        pictures.insert(path.to_owned(), format!("{shown} {:?}", metadata.permissions()));
    }
}

fn digest(path: &Utf8Path) -> String {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let Ok(mut file) = fs::File::open(path) else {
        return "unreadable".to_owned();
    };
    while let Ok(count @ 1..) = file.read(&mut buffer) {
        hash.update(&buffer[..count]);
    }
    format!("{:x?}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        fs::write(home.join(".npmrc"), "fund=false\n").unwrap();
        fs::create_dir_all(home.join(".npm/_logs")).unwrap();
        fs::write(home.join(".npm/_logs/old.log"), "cwd /tmp/run-0/work").unwrap();
        (folder, home)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&Utf8Path), expected: &[&str]) {
        let (_kept, home) = home();
        let untouched = Untouched::remember(&Belongings::of_home(&home));
        change(&home);
        let changes = untouched.changes("/tmp/run-1".into());
        let changes: Vec<_> = changes
            .iter()
            .map(|line| line.replace(home.as_str(), "~"))
            .collect();
        assert_eq!(changes, expected);
    }

    #[test]
    fn what_the_user_does_meanwhile_is_the_users_business() {
        check(
            |home| fs::write(home.join(".npm/_logs/new.log"), "cwd /home/user").unwrap(),
            &[],
        );
        check(|home| fs::write(home.join("notes.txt"), "hello").unwrap(), &[]);
    }

    /// pnpm links every project from its store, by a path that climbs to the root.
    #[cfg(unix)]
    fn link_a_project(home: &Utf8Path, project: &str) {
        let projects = home.join(".local/share/pnpm/store/v10/projects");
        fs::create_dir_all(&projects).unwrap();
        let up = "../".repeat(fs::canonicalize(&projects).unwrap().components().count() - 1);
        fs::os::unix::fs::symlink(format!("{up}{project}"), projects.join("f96235")).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_store_that_the_user_fills_meanwhile_is_the_users_business() {
        check(|home| link_a_project(home, "home/user/project"), &[]);
        check(
            |home| link_a_project(home, "tmp/run-1/scenario/project"),
            &["`~/.local/share/pnpm/store/v10/projects/f96235` was written by a scenario"],
        );
    }

    #[test]
    fn a_program_beside_the_store_is_not() {
        check(
            |home| {
                fs::create_dir_all(home.join(".local/share/pnpm")).unwrap();
                fs::write(home.join(".local/share/pnpm/ktx"), "#!/bin/sh").unwrap();
            },
            &["`~/.local/share/pnpm/ktx` was made"],
        );
    }

    #[test]
    fn each_kind_of_change_is_named() {
        check(
            |home| fs::write(home.join(".npmrc"), "fund=true\n").unwrap(),
            &["`~/.npmrc` was changed"],
        );
        check(
            |home| fs::remove_file(home.join(".npmrc")).unwrap(),
            &["`~/.npmrc` was removed"],
        );
        check(
            |home| fs::create_dir_all(home.join(".local/share/kaelio")).unwrap(),
            &["`~/.local/share/kaelio` was made"],
        );
        check(
            |home| fs::write(home.join(".npm/_logs/new.log"), "cwd /tmp/run-1/scenario").unwrap(),
            &["`~/.npm/_logs/new.log` was written by a scenario"],
        );
        check(
            |home| {
                let record = home.join(".cache/uv/interpreter-v5/a1/b2.msgpack");
                fs::create_dir_all(record.parent().unwrap()).unwrap();
                fs::write(record, b"\x85\xa4/tmp/run-1/scenario/.venv/bin/python\xc0").unwrap();
            },
            &["`~/.cache/uv/interpreter-v5/a1/b2.msgpack` was written by a scenario"],
        );
    }
}
