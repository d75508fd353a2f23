//! Interpreters: the one that uv manages on this machine, into a bundle; the one in a bundle, to below the runtime root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ktx_manifest::ArchivePath;
use ktx_manifest::runtime_bundle::BundledInterpreter;

use super::failed;
use crate::install::{Uv, uv::collect};
use crate::layout::MARKER;
use crate::versions::version_directories;
use crate::{Error, Runtime, StaleRuntime};

/// Not needed to run anything here; `share` has names that differ in case only.
const LEFT_OUT: [&str; 2] = ["include", "share"];

/// An interpreter's files: paths in it, and where they are.
pub(super) struct ManagedPython {
    pub interpreter: BundledInterpreter,
    pub files: BTreeMap<ArchivePath, PathBuf>,
}

/// The interpreter that uv has installed here for a version, if any. None is downloaded, and the system's own are not
/// meant: they are made of files all over the system.
///
/// # Errors
/// When its files cannot be read.
pub(super) fn managed(
    runtime: &Runtime,
    uv: &Uv,
    python: &str,
    work: &Path,
) -> Result<Option<ManagedPython>, Error> {
    let mut command = uv.find_command(runtime, python, work);
    command
        .env("UV_PYTHON_PREFERENCE", "only-managed")
        .env_remove("UV_NO_MANAGED_PYTHON")
        .env_remove("UV_MANAGED_PYTHON");
    let program = match collect(runtime, command) {
        Ok(output) if output.status.success() => fs_err::canonicalize(output.stdout.trim())?,
        Ok(_) => return Ok(None),
        Err(error) => return Err(failed("read", uv.path(), error.to_string())),
    };
    let folder = match program.parent() {
        Some(bin) if bin.ends_with("bin") => bin.parent(),
        parent => parent,
    };
    let Some(folder) = folder else { return Ok(None) };
    let Some(name) = folder.file_name().and_then(|name| name.to_str()?.parse().ok()) else {
        return Ok(None);
    };
    let mut tree = Tree::default();
    tree.add(folder, folder)?;
    let program = archive_path(folder, &program)?;
    Ok(Some(ManagedPython {
        interpreter: BundledInterpreter {
            name,
            program,
            links: tree.links,
        },
        files: tree.files,
    }))
}

#[derive(Default)]
struct Tree {
    files: BTreeMap<ArchivePath, PathBuf>,
    links: BTreeMap<ArchivePath, ArchivePath>,
}

impl Tree {
    fn add(&mut self, folder: &Path, root: &Path) -> Result<(), Error> {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name();
            let left_out = folder == root && LEFT_OUT.iter().any(|left| name == *left);
            if left_out || name == "__pycache__" {
                continue;
            }
            if kind.is_dir() {
                self.add(&path, root)?;
                continue;
            }
            let place = archive_path(root, &path)?;
            if kind.is_symlink() {
                let target = fs_err::read_link(&path)?;
                match target
                    .to_str()
                    .and_then(|target| target.parse::<ArchivePath>().ok())
                {
                    Some(beside) if beside.is_bare() && folder.join(&target).is_file() => {
                        self.links.insert(place, beside);
                        continue;
                    }
                    // A link to elsewhere becomes the file; one to nothing or to a folder is of no use.
                    _ if !path.is_file() => continue,
                    _ => {}
                }
            }
            self.files.insert(place, path);
        }
        Ok(())
    }
}

fn archive_path(root: &Path, path: &Path) -> Result<ArchivePath, Error> {
    let names = path.strip_prefix(root).unwrap_or(path).components();
    let names: Vec<_> = names.map(|name| name.as_os_str().to_string_lossy()).collect();
    names
        .join("/")
        .parse()
        .map_err(|error| failed("read", path, format!("{error}")))
}

/// Where the interpreters that came in bundles are.
pub(super) fn folder(runtime: &Runtime) -> PathBuf {
    runtime.root().join("python")
}

/// The interpreters that no runtime is made with, except for those that are on their way out. One that is not marked is
/// not ours.
pub(crate) fn unused(runtime: &Runtime, going: &[StaleRuntime]) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder(runtime)) else {
        return Vec::new();
    };
    let homes: BTreeSet<PathBuf> = version_directories(runtime.root())
        .iter()
        .filter(|version| !going.iter().any(|stale| stale.path == version.path))
        .filter_map(|version| fs_err::read_to_string(version.path.join(".venv/pyvenv.cfg")).ok())
        .flat_map(|text| text.lines().filter_map(home).collect::<Vec<_>>())
        .collect();
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| path.join(MARKER).is_file() && !homes.iter().any(|home| home.starts_with(path)))
        .collect();
    found.sort();
    found
}

/// `home = <folder of the interpreter>` of a virtual environment. <https://docs.python.org/3/library/venv.html>
fn home(line: &str) -> Option<PathBuf> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == "home").then(|| PathBuf::from(value.trim()))
}
