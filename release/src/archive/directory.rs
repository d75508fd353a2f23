//! Files in a directory, with modes that no umask touches.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{Entry, Mode, Writer};
use crate::error::Error;

/// Fills a directory that is empty to begin with.
pub struct DirectoryWriter {
    root: PathBuf,
}

impl DirectoryWriter {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        DirectoryWriter { root: root.into() }
    }

    fn directory_of(&self, entry: &Entry) -> Result<(), Error> {
        let mut directory = self.root.clone();
        let names: Vec<&str> = entry.path.names().collect();
        for name in &names[..names.len() - 1] {
            directory.push(name);
            match fs::create_dir(&directory) {
                Ok(()) => set_mode(&directory, Mode::Executable)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::File(error)),
            }
        }
        Ok(())
    }
}

impl Writer for DirectoryWriter {
    fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        self.directory_of(entry)?;
        let path = entry.path.under(&self.root);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(Error::File)?;
        file.write_all(&entry.bytes).map_err(Error::File)?;
        drop(file);
        set_mode(&path, entry.mode)
    }
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: Mode) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, PermissionsExt::from_mode(mode.bits())).map_err(Error::File)
}

/// Windows has no such modes; the archives still carry them.
#[cfg(not(unix))]
pub(super) fn set_mode(_path: &Path, _mode: Mode) -> Result<(), Error> {
    Ok(())
}
