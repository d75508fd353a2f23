//! What goes into an archive, and the writers that put it there.
//!
//! A plan is a sorted list of entries; the wheel, the package tree, the tarball and a `--list` are the same plan
//! given to another [`Writer`], so that a preview cannot differ from the result.

mod collector;
mod directory;
mod listing;
mod parallel_gzip;
mod tar_gz;
mod zip;

use std::path::PathBuf;

use fs_err as fs;
use ktx_manifest::ArchivePath;
use ktx_system::Interrupt;

pub use self::collector::Collector;
pub use self::directory::DirectoryWriter;
pub use self::listing::{Listed, Listing};
pub(crate) use self::tar_gz::NPM_TIME;
pub use self::tar_gz::TarGzWriter;
pub use self::zip::ZipArchiveWriter;
use crate::error::Error;

/// One file of an archive, its bytes in memory: what was checked is what is written. Directories have no entries: every
/// reader makes them as needed.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: ArchivePath,
    pub mode: Mode,
    pub bytes: Vec<u8>,
    /// The file that it was read from; `None` when it was made here.
    pub from: Option<PathBuf>,
}

/// The two permissions that exist here, whatever the source file's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0644
    Regular,
    /// 0755
    Executable,
}

/// Puts entries somewhere. They come sorted and without duplicates; finishing is each writer's own.
pub trait Writer {
    fn write(&mut self, entry: &Entry) -> Result<(), Error>;
}

/// Writes a whole plan, unless the user stops it.
pub fn write_entries(entries: &[Entry], writer: &mut dyn Writer, interrupt: &Interrupt) -> Result<(), Error> {
    for entry in entries {
        interrupt.check().map_err(|_| Error::Interrupted)?;
        writer.write(entry)?;
    }
    interrupt.check().map_err(|_| Error::Interrupted)
}

impl Mode {
    pub fn bits(self) -> u32 {
        match self {
            Mode::Regular => 0o644,
            Mode::Executable => 0o755,
        }
    }
}

impl Entry {
    /// A file that is made here.
    pub fn generated(path: ArchivePath, mode: Mode, bytes: impl Into<Vec<u8>>) -> Self {
        Entry {
            path,
            mode,
            bytes: bytes.into(),
            from: None,
        }
    }

    /// A file of the sources, read now.
    pub fn read(path: ArchivePath, mode: Mode, from: impl Into<PathBuf>) -> Result<Self, Error> {
        let from = from.into();
        let bytes = fs::read(&from).map_err(Error::File)?;
        Ok(Entry {
            path,
            mode,
            bytes,
            from: Some(from),
        })
    }

    /// Where it comes from, for people.
    pub fn origin(&self) -> String {
        match &self.from {
            None => "generated".to_owned(),
            Some(from) => from.display().to_string(),
        }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Entry({} from {})", self.path, self.origin())
    }
}
