//! The files below a directory, in one order, and what may not ship from anywhere: links, special files, dotfiles,
//! and names that some system cannot hold.
//!
//! Caches are skipped silently. What else a wheel or a package refuses is decided there.

use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::{ArchivePath, Finding};
use walkdir::{DirEntry, WalkDir};

use ktx_system::files::PathError;

use crate::archive::{Entry, Mode};
use crate::error::Error;

/// Folders that tools leave behind.
const CACHE_FOLDERS: [&str; 6] = [
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
];
const CACHE_EXTENSIONS: [&str; 2] = ["pyc", "pyo"];

/// A regular file below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeFile {
    /// Below the root, with the prefix that the walk was given.
    pub path: ArchivePath,
    pub location: PathBuf,
}

impl TreeFile {
    /// Reads the file as an entry.
    pub fn into_entry(self, mode: Mode) -> Result<Entry, Error> {
        Entry::read(self.path, mode, self.location)
    }
}

/// Walks `root`, whose files are named `<prefix>/…`, or from the root itself when the prefix is empty.
pub(crate) fn walk(root: &Path, prefix: &str, findings: &mut Vec<Finding>) -> Result<Vec<TreeFile>, Error> {
    let link = fs::symlink_metadata(root)
        .map_err(Error::File)?
        .file_type()
        .is_symlink();
    if link {
        findings.push(refusal(root, "tree-symlink", "it is a symbolic link"));
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    let mut walk = WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| walk_error(root, error))?;
        let folder = entry.file_type().is_dir();
        if is_cache(&entry) {
            if folder {
                walk.skip_current_dir();
            }
            continue;
        }
        match judge(&entry, root, prefix) {
            Ok(path) if !folder => files.push(TreeFile {
                path,
                location: entry.into_path(),
            }),
            Ok(_) => {}
            Err(finding) => {
                findings.push(*finding);
                if folder {
                    walk.skip_current_dir();
                }
            }
        }
    }
    Ok(files)
}

/// A single file that is named, not found: it has to exist and must not be a link.
pub(crate) fn regular_file(location: &Path, findings: &mut Vec<Finding>) -> Option<()> {
    let (code, rule) = match fs::symlink_metadata(location) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            ("file-missing", "there is no such file")
        }
        Err(_) => ("file-missing", "it cannot be read"),
        Ok(metadata) if metadata.is_symlink() => ("tree-symlink", "it is a symbolic link"),
        Ok(metadata) if !metadata.is_file() => ("tree-special-file", "it is not a regular file"),
        Ok(_) => return Some(()),
    };
    findings.push(refusal(location, code, rule));
    None
}

fn is_cache(entry: &DirEntry) -> bool {
    let name = Path::new(entry.file_name());
    if entry.file_type().is_dir() {
        return CACHE_FOLDERS.iter().any(|cache| name == Path::new(cache));
    }
    let extension = name.extension().and_then(|extension| extension.to_str());
    entry.file_type().is_file() && extension.is_some_and(|extension| CACHE_EXTENSIONS.contains(&extension))
}

fn judge(entry: &DirEntry, root: &Path, prefix: &str) -> Result<ArchivePath, Box<Finding>> {
    let location = entry.path();
    let refuse = |code, rule: &str| Err(Box::new(refusal(location, code, rule)));
    let kind = entry.file_type();
    if kind.is_symlink() {
        return refuse("tree-symlink", "it is a symbolic link");
    }
    if !kind.is_file() && !kind.is_dir() {
        return refuse("tree-special-file", "it is neither a file nor a folder");
    }
    if entry.file_name().as_encoded_bytes().starts_with(b".") {
        return refuse("tree-dotfile", "its name starts with a dot");
    }
    let below = location.strip_prefix(root).unwrap_or(location);
    let names: Option<Vec<&str>> = below.iter().map(|name| name.to_str()).collect();
    let Some(names) = names else {
        return refuse("tree-name", "its name is not UTF-8");
    };
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
    let path = prefix.into_iter().chain(names).collect::<Vec<_>>().join("/");
    path.parse::<ArchivePath>()
        .or_else(|error| refuse("tree-name", &error.reason.to_string()))
}

fn refusal(location: &Path, code: &'static str, rule: &str) -> Finding {
    Finding::error(code, format!("failed to add `{}`: {rule}", location.display()))
}

fn walk_error(root: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(root).to_owned();
    PathError::new("list", path)(error.into()).into()
}
