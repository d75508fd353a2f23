//! Which directories are ours, and may therefore be replaced or deleted. Everything else under the root stays.

use std::ffi::OsString;
use std::path::Path;

use crate::installed::{InstalledManifest, Recorded};
use crate::layout::MARKER;
use ktx_system::files::is_unfinished;

/// The names that a runtime writes into its version directory.
const RUNTIME_NAMES: [&str; 11] = [
    MARKER,
    ".venv",
    "manifest.json",
    "install.log",
    "daemon.json",
    "daemon.token",
    "daemon.ready.json",
    "daemon.stdout.log",
    "daemon.stderr.log",
    "daemon.stdout.log.1",
    "daemon.stderr.log.1",
];

/// Why a directory is not ours, in words that complete "it is not a runtime: …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign(pub String);

/// Proves that `path` is a runtime directory: a real directory with our marker or an installed manifest,
/// or empty, or with no other names in it than those a runtime writes. Ok also when nothing is there.
pub fn prove(path: &Path) -> Result<(), Foreign> {
    let found = match fs_err::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Foreign(error.to_string())),
    };
    if found.is_symlink() {
        return Err(Foreign("it is a link".to_owned()));
    }
    if !found.is_dir() {
        return Err(Foreign("it is a file".to_owned()));
    }
    let marked = fs_err::symlink_metadata(path.join(MARKER)).is_ok_and(|marker| marker.is_file());
    let manifest = path.join("manifest.json");
    let is_file = fs_err::symlink_metadata(&manifest).is_ok_and(|found| found.is_file());
    if marked || (is_file && matches!(InstalledManifest::read(&manifest), Recorded::Manifest(_))) {
        return Ok(());
    }
    let names = names(path).map_err(|error| Foreign(error.to_string()))?;
    match names
        .into_iter()
        .find(|name| !is_unfinished(name) && !RUNTIME_NAMES.iter().any(|known| name == known))
    {
        None => Ok(()),
        Some(name) => Err(Foreign(format!("it holds `{}`", name.to_string_lossy()))),
    }
}

fn names(path: &Path) -> std::io::Result<Vec<OsString>> {
    fs_err::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entries: &[(&str, &str)], expected: Result<(), &str>) {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in entries {
            let path = directory.path().join(name);
            fs_err::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs_err::write(path, content).expect("a file");
        }
        let proven = prove(directory.path()).map_err(|Foreign(reason)| reason);
        assert_eq!(proven, expected.map_err(str::to_owned), "{entries:?}");
    }

    #[test]
    fn what_is_ours_is_told_by_what_it_holds() {
        let manifest = include_str!("../tests/it/installed_manifest_of_the_first_release.json");
        check(&[], Ok(()));
        check(&[(MARKER, ""), ("notes.txt", "")], Ok(()));
        check(&[("manifest.json", manifest), ("notes.txt", "")], Ok(()));
        check(
            &[
                ("manifest.json", "{"),
                (".venv/pyvenv.cfg", ""),
                ("install.log", ""),
            ],
            Ok(()),
        );
        check(
            &[("manifest.json", "{}"), ("notes.txt", "")],
            Err("it holds `notes.txt`"),
        );
        check(&[("src/main.rs", "")], Err("it holds `src`"));
        check(&[(&format!("{MARKER}/x"), ""), ("y", "")], Err("it holds `y`"));
    }

    #[test]
    fn a_file_is_not_ours_and_nothing_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        fs_err::write(&file, "").expect("a file");
        assert_eq!(prove(&file), Err(Foreign("it is a file".to_owned())));
        assert_eq!(prove(&directory.path().join("nothing")), Ok(()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_ours_whatever_it_leads_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let ours = directory.path().join("ours");
        fs_err::create_dir(&ours).expect("a directory");
        fs_err::write(ours.join(MARKER), "").expect("a file");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&ours, &link).expect("a link");
        assert_eq!(prove(&ours), Ok(()));
        assert_eq!(prove(&link), Err(Foreign("it is a link".to_owned())));
    }
}
