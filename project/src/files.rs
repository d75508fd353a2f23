//! Files on disk: walks in a fixed order, and writes that leave either the old content or the new one.

use std::io;
use std::path::{Path, PathBuf};

use ktx_system::files::Access;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// Replaces a file in one step. A full disk or a kill leaves the old file as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    Ok(ktx_system::files::write(path, content, Access::Readable)?)
}

/// Like [`write`], but leaves a file that holds these bytes already untouched. True when it wrote.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool, Error> {
    if fs_err::read(path).is_ok_and(|existing| existing == content) {
        return Ok(false);
    }
    write(path, content)?;
    Ok(true)
}

pub fn write_if_absent(path: &Path, content: &[u8]) -> Result<(), Error> {
    if path.exists() {
        Ok(())
    } else {
        write(path, content)
    }
}

pub fn remove(path: &Path) -> Result<(), Error> {
    fs_err::remove_file(path).map_err(|error| Error::io("remove", path, error))
}

pub fn make_folder(path: &Path) -> Result<(), Error> {
    fs_err::create_dir_all(path).map_err(|error| Error::io("create", path, error))
}

/// Every `*.yaml` and `*.yml` below a folder, sorted by path; none when the folder does not exist.
pub fn yaml_below(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = all_below(root)?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
    });
    Ok(files)
}

/// Every file below a folder, sorted by path. Links to folders are not followed, so that a walk always ends.
pub fn all_below(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs_err::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder == root => return Ok(files),
            Err(error) => return Err(Error::io("read", &folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| Error::io("read", &folder, error))?;
            let kind = entry
                .file_type()
                .map_err(|error| Error::io("read", &entry.path(), error))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() || entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Of a content: the same text for the same bytes, on every machine.
pub fn digest(content: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file's path from a folder above it, with forward slashes on every platform.
pub fn name_below(root: &Path, file: &Path) -> String {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Takes `.` and `..` out without asking the disk, so that messages show the folder people mean.
pub fn cleaned(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// The system's error without the path that `fs_err` put in front of it.
pub fn cause(error: io::Error) -> io::Error {
    let Some(inner) = error.get_ref().and_then(|inner| inner.source()) else {
        return error;
    };
    match inner.downcast_ref().and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), inner.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{all_below, write, write_if_changed};

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.yaml");
        write(&file, b"old").expect("writes");
        assert!(!write_if_changed(&file, b"old").expect("compares"));
        assert!(write(&file.join("below-a-file"), b"new").is_err());
        assert_eq!(fs_err::read(&file).expect("reads"), b"old");
        let names = all_below(folder.path()).expect("walks");
        assert_eq!(names, [file], "no temporary sibling is left");
    }
}
