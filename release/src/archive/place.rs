//! Puts what was built in its place, in one step: until then the last good one stands there.
//!
//! What is unfinished has a name of its own beside the place and goes when its owner is dropped. A process that is
//! killed leaves it; [`sweep`] is for whoever knows that no other process works there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use tempfile::{Builder, NamedTempFile, TempDir};
use walkdir::WalkDir;

use super::Mode;
use super::directory::set_mode;
use crate::error::Error;

/// Names of unfinished work start so.
const PARTIAL: &str = ".partial-";

/// A file under construction beside the place it is for; dropped, it is gone.
pub struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    mode: Mode,
}

impl NewFile {
    /// Makes the folders above `path` as needed.
    pub fn create(path: impl Into<PathBuf>, mode: Mode) -> Result<NewFile, Error> {
        let path = path.into();
        let folder = parent(&path);
        fs::create_dir_all(folder).map_err(Error::File)?;
        let file = Builder::new().prefix(PARTIAL).tempfile_in(folder);
        let file = file.map_err(|source| Error::Path {
            verb: "write",
            path: path.clone(),
            source,
        })?;
        Ok(NewFile { file, path, mode })
    }

    /// Replaces what stands in the place.
    pub fn commit(mut self) -> Result<(), Error> {
        self.flush().map_err(|source| self.failed(source))?;
        set_mode(self.file.path(), self.mode)?;
        let path = self.path;
        self.file.persist(&path).map(drop).map_err(|error| Error::Path {
            verb: "write",
            path,
            source: error.error,
        })
    }

    /// Names the path that the file is for, not the temporary one.
    pub fn failed(&self, source: io::Error) -> Error {
        Error::Path {
            verb: "write",
            path: self.path.clone(),
            source,
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Lets `fill` build a directory beside `path`, then exchanges the two and removes the old one.
///
/// When `fill` fails, `path` is as it was.
pub fn replace_directory<T, E: From<Error>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let folder = parent(path);
    fs::create_dir_all(folder).map_err(Error::File)?;
    let failed = |source| Error::Path {
        verb: "write",
        path: path.to_owned(),
        source,
    };
    let staging = Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(folder)
        .map_err(failed)?;
    let new = staging.path().join("new");
    fs::create_dir(&new).map_err(Error::File)?;
    set_mode(&new, Mode::Executable)?;
    let filled = fill(&new)?;
    exchange(&new, path, &staging)?;
    staging.close().map_err(failed)?;
    Ok(filled)
}

/// Removes what unfinished work lies in a folder and below it. The caller holds what keeps others from working there.
pub fn sweep(folder: &Path) -> Result<(), Error> {
    let mut entries = WalkDir::new(folder).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Err(error)
                if error
                    .io_error()
                    .is_some_and(|it| it.kind() == io::ErrorKind::NotFound) =>
            {
                continue;
            }
            entry => entry.map_err(|error| Error::File(error.into()))?,
        };
        if !entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            continue;
        }
        if entry.file_type().is_dir() {
            entries.skip_current_dir();
            fs::remove_dir_all(entry.path()).map_err(Error::File)?;
        } else {
            fs::remove_file(entry.path()).map_err(Error::File)?;
        }
    }
    Ok(())
}

/// One atomic step where the system has it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(new: &Path, path: &Path, staging: &TempDir) -> Result<(), Error> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // Nothing stands there yet, or the file system cannot exchange: both are two renames' business.
        Err(_) => exchange_in_two_steps(new, path, staging),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(new: &Path, path: &Path, staging: &TempDir) -> Result<(), Error> {
    exchange_in_two_steps(new, path, staging)
}

fn exchange_in_two_steps(new: &Path, path: &Path, staging: &TempDir) -> Result<(), Error> {
    let old = staging.path().join("old");
    let moved = match fs::rename(path, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Error::File(error)),
    };
    fs::rename(new, path).map_err(|error| {
        if moved {
            // Best effort: the first error is the one to tell.
            let _ = fs::rename(&old, path);
        }
        Error::File(error)
    })
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(mark: &str, at: &Path) {
        fs::create_dir_all(at).expect("a folder can be made");
        fs::write(at.join(mark), "").expect("a file can be written");
    }

    /// What systems without an atomic exchange do, tried on every system.
    #[test]
    fn two_steps_replace_a_folder_and_keep_the_old_one_when_the_second_fails() {
        let place = tempfile::tempdir().expect("a temporary folder can be made");
        let staging = tempfile::tempdir_in(place.path()).expect("a temporary folder can be made");
        let (new, path) = (staging.path().join("new"), place.path().join("package"));
        folder_with("old", &path);
        assert!(
            exchange_in_two_steps(&new, &path, &staging).is_err(),
            "there is no new folder"
        );
        assert!(path.join("old").exists(), "the old one is back");
        folder_with("new", &new);
        exchange_in_two_steps(&new, &path, &staging).expect("there is a new folder");
        assert!(path.join("new").exists() && !path.join("old").exists());
    }

    #[test]
    fn a_folder_is_left_alone_when_it_cannot_be_filled() {
        let place = tempfile::tempdir().expect("a temporary folder can be made");
        let path = place.path().join("package");
        folder_with("old", &path);
        let filled = replace_directory(&path, |new| {
            folder_with("new", new);
            Err::<(), _>(Error::Interrupted)
        });
        assert!(filled.is_err() && path.join("old").exists());
        assert_eq!(
            fs::read_dir(place.path()).expect("a folder").count(),
            1,
            "nothing half-written is left"
        );
        let filled = replace_directory(&path, |new| {
            folder_with("new", new);
            Ok::<_, Error>(())
        });
        filled.expect("it can be filled");
        assert!(path.join("new").exists() && !path.join("old").exists());
    }

    #[test]
    fn unfinished_work_is_swept_and_nothing_else() {
        let place = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |path: &str| place.path().join(path);
        sweep(&at("absent")).expect("where nothing is, nothing is left");
        folder_with("new", &at(".partial-a/deeper"));
        folder_with(".partial-b", &at("package"));
        folder_with("partial-c", &at("package/.partial"));
        sweep(place.path()).expect("it can be removed");
        assert!(!at(".partial-a").exists() && !at("package/.partial-b").exists());
        assert!(at("package/.partial/partial-c").exists());
    }
}
