//! Compares the files of an installed environment with what the RECORDs of its distributions say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ktx_manifest::record::{InstalledPath, RecordRow, parse_installed_record};
use ktx_manifest::{ContentId, Sha256Digest};

use crate::layout::Layout;

/// What `uv venv` of some versions puts beside the distributions.
const OF_THE_ENVIRONMENT: [&str; 2] = ["_virtualenv.py", "_virtualenv.pth"];

/// An installed file that is not what its RECORD says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    pub path: PathBuf,
    pub problem: String,
}

/// How closely files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// That they exist with the right size: a few milliseconds.
    Sizes,
    /// Every byte, and that there are no others.
    Digests,
}

/// Every installed file that differs from what the RECORDs of an environment say, every one that is missing, and every
/// one that no RECORD lists, as far as the depth goes. Sorted by path.
pub fn deviations(layout: &Layout, depth: Depth) -> Vec<Deviation> {
    let Some(site_packages) = site_packages(&layout.venv_dir) else {
        return vec![deviation(&layout.venv_dir, "it has no site-packages")];
    };
    let mut found = Vec::new();
    let mut listed = BTreeSet::new();
    for record in records(&site_packages) {
        let rows = crate::installed::read_regular(&record, 64 << 20)
            .map_err(|error| error.to_string())
            .and_then(|text| parse_installed_record(&text).map_err(|error| error.to_string()));
        match rows {
            Ok(rows) => {
                for row in rows {
                    let (path, problem) = compare(&row, &site_packages, &layout.venv_dir, depth);
                    found.extend(problem.map(|problem| deviation(&path, &problem)));
                    listed.insert(path);
                }
            }
            Err(reason) => found.push(deviation(&record, &reason)),
        }
    }
    if listed.is_empty() {
        found.push(deviation(&site_packages, "no distribution is installed in it"));
    }
    if depth == Depth::Digests {
        unlisted(&site_packages, &site_packages, &listed, &mut found);
    }
    found.sort();
    found
}

/// Where the distributions of an environment are.
fn site_packages(venv: &Path) -> Option<PathBuf> {
    let windows = venv.join("Lib").join("site-packages");
    if cfg!(windows) {
        return windows.is_dir().then_some(windows);
    }
    let lib = fs_err::read_dir(venv.join("lib")).ok()?;
    lib.filter_map(|entry| Some(entry.ok()?.path().join("site-packages")))
        .find(|path| path.is_dir())
}

/// The RECORD of every distribution, there or not: one without is a deviation.
fn records(site_packages: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(site_packages) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"))
        .map(|path| path.join("RECORD"))
        .collect()
}

fn compare(
    row: &RecordRow<InstalledPath>,
    site_packages: &Path,
    venv: &Path,
    depth: Depth,
) -> (PathBuf, Option<String>) {
    let Some(path) = row.path.resolve(site_packages, venv) else {
        return (
            site_packages.to_owned(),
            Some("a RECORD lists a file outside of the environment".to_owned()),
        );
    };
    let Some(sha256) = row.sha256 else {
        let problem = (!path.is_file()).then(|| "it is missing".to_owned());
        return (path, problem);
    };
    if depth == Depth::Sizes {
        let problem = match fs_err::metadata(&path) {
            Ok(found) if !found.is_file() => Some("it is not a file".to_owned()),
            Ok(found) if row.bytes.is_some_and(|expected| expected != found.len()) => {
                Some("its size is not what its RECORD says".to_owned())
            }
            Ok(_) => None,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("it is missing".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        return (path, problem);
    }
    let problem = match Sha256Digest::of_file(&path) {
        Ok(ContentId { sha256: found, bytes }) => {
            let same = found == sha256 && row.bytes.is_none_or(|expected| expected == bytes);
            (!same).then(|| "its content is not what its RECORD says".to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("it is missing".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    (path, problem)
}

fn unlisted(directory: &Path, site_packages: &Path, listed: &BTreeSet<PathBuf>, found: &mut Vec<Deviation>) {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let of_environment =
            directory == site_packages && OF_THE_ENVIRONMENT.iter().any(|name| entry.file_name() == *name);
        match entry.file_type() {
            // Compiled bytecode is made later and listed nowhere.
            Ok(kind) if kind.is_dir() && entry.file_name() == "__pycache__" => {}
            Ok(kind) if kind.is_dir() => unlisted(&path, site_packages, listed, found),
            _ if of_environment || listed.contains(&path) => {}
            _ => found.push(deviation(&path, "no RECORD lists it")),
        }
    }
}

fn deviation(path: &Path, problem: &str) -> Deviation {
    Deviation {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
