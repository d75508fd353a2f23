//! Builds a file or a folder beside its final path and renames it into place when it is complete.
//!
//! Unfinished work has its own name and is removed when its owner is dropped. A killed process leaves it behind;
//! [`sweep`] removes it, called by a process that holds the lock under which others write there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use tempfile::{Builder, NamedTempFile, TempDir};
use walkdir::WalkDir;

use super::PathError;
use crate::platform;

/// How names of unfinished work begin.
const PREFIX: &str = ".partial-";

/// Who may use a new file, whatever the umask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner: 600.
    Private,
    /// The owner writes, everyone reads: 644.
    Readable,
    /// The same for a program: 755.
    Executable,
}

/// Whether a file name is one of unfinished work.
pub fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// A file under construction beside its final path; removed when it is dropped without [`NewFile::commit`].
pub struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    access: Access,
}

impl NewFile {
    /// Creates the folders above `path` as needed.
    ///
    /// # Errors
    /// Of the file system, with the path that could not be created.
    pub fn create(path: impl Into<PathBuf>, access: Access) -> Result<NewFile, PathError> {
        let path = path.into();
        let folder = parent(&path);
        fs::create_dir_all(folder).map_err(|error| PathError::new("create", folder)(cause(error)))?;
        let file = Builder::new().prefix(PREFIX).tempfile_in(folder);
        let file = file.map_err(PathError::new("write", &path))?;
        Ok(NewFile { file, path, access })
    }

    /// Where the unfinished file is, for what writes to a path. It must be written in place, not replaced.
    pub fn unfinished_path(&self) -> &Path {
        self.file.path()
    }

    /// Writes it through to the disk and replaces what is at the final path.
    ///
    /// # Errors
    /// Of the file system; what was at the final path is unchanged.
    pub fn commit(mut self) -> Result<(), PathError> {
        let prepared = self.file.as_file_mut().flush().and_then(|()| {
            platform::set_access(self.file.as_file(), self.access)?;
            self.file.as_file().sync_data()
        });
        prepared.map_err(|source| self.failed(source))?;
        let path = self.path;
        self.file
            .persist(&path)
            .map(drop)
            .map_err(|error| PathError::new("write", path)(error.error))
    }

    /// Names the final path, not the temporary one.
    pub fn failed(&self, source: io::Error) -> PathError {
        PathError::new("write", &self.path)(source)
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

/// Replaces a file in one step.
///
/// # Errors
/// Of the file system; the old content is unchanged.
pub fn write(path: &Path, content: &[u8], access: Access) -> Result<(), PathError> {
    let mut file = NewFile::create(path, access)?;
    file.write_all(content).map_err(|source| file.failed(source))?;
    file.commit()
}

/// Lets `fill` build a folder beside `path`, then exchanges the two and removes the old one.
///
/// # Errors
/// Of `fill` or of the file system; `path` is unchanged.
pub fn replace_directory<T, E: From<PathError>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let failed = PathError::new("write", path);
    let (new, staging) = match stage(path) {
        Ok(staged) => staged,
        Err(error) => return Err(failed(error).into()),
    };
    let filled = fill(&new)?;
    let exchanged = exchange(&new, path, &staging).and_then(|()| staging.close());
    exchanged.map_err(|error| failed(error).into()).map(|()| filled)
}

fn stage(path: &Path) -> io::Result<(PathBuf, TempDir)> {
    let folder = parent(path);
    fs::create_dir_all(folder)?;
    let staging = Builder::new().prefix(PREFIX).tempdir_in(folder)?;
    let new = staging.path().join("new");
    fs::create_dir(&new)?;
    platform::set_access(fs::File::open(&new)?.file(), Access::Executable)?;
    Ok((new, staging))
}

/// Removes unfinished work from a folder and all folders below it. The caller holds the lock that keeps others from
/// writing there.
///
/// # Errors
/// Of the file system.
pub fn sweep(folder: &Path) -> io::Result<()> {
    let mut entries = WalkDir::new(folder).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry.map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entry => entry?,
        };
        if !is_unfinished(entry.file_name()) {
            continue;
        }
        if entry.file_type().is_dir() {
            entries.skip_current_dir();
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// In one atomic step where the system has it.
fn exchange(new: &Path, path: &Path, staging: &TempDir) -> io::Result<()> {
    match platform::exchange(new, path) {
        Ok(platform::Exchange::Done) => Ok(()),
        // There is nothing to exchange with yet, or the file system cannot do it.
        Ok(platform::Exchange::Unsupported) | Err(_) => exchange_in_two_steps(new, path, staging),
    }
}

fn exchange_in_two_steps(new: &Path, path: &Path, staging: &TempDir) -> io::Result<()> {
    let old = staging.path().join("old");
    let moved = match fs::rename(path, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    fs::rename(new, path).inspect_err(|_| {
        if moved {
            // Best effort: the first error is the one to report.
            let _ = fs::rename(&old, path);
        }
    })
}

/// The system's error without the path that `fs_err` adds.
fn cause(error: io::Error) -> io::Error {
    error.raw_os_error().map_or(error, io::Error::from_raw_os_error)
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
            Err::<(), _>(PathError::new("fill", new)(io::Error::other("full")))
        });
        assert!(filled.is_err() && path.join("old").exists());
        assert_eq!(
            fs::read_dir(place.path()).expect("a folder").count(),
            1,
            "nothing half-written is left"
        );
        let filled = replace_directory(&path, |new| {
            folder_with("new", new);
            Ok::<_, PathError>(())
        });
        filled.expect("it can be filled");
        assert!(path.join("new").exists() && !path.join("old").exists());
    }

    #[test]
    fn unfinished_work_is_swept_and_nothing_else() {
        let place = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |path: &str| place.path().join(path);
        sweep(&at("absent")).expect("an absent folder has nothing to sweep");
        folder_with("new", &at(".partial-a/deeper"));
        folder_with(".partial-b", &at("package"));
        folder_with("partial-c", &at("package/.partial"));
        sweep(place.path()).expect("it can be removed");
        assert!(!at(".partial-a").exists() && !at("package/.partial-b").exists());
        assert!(at("package/.partial/partial-c").exists());
    }
}
