//! What goes into an archive, and the writers that put it there.
//!
//! A plan is a sorted list of entries; the wheel, the package tree, the tarball and a `--list` are the same plan
//! given to another [`Writer`], so that a preview cannot differ from the deed.

mod collector;
mod directory;
mod listing;
mod parallel_gzip;
mod tar_gz;
mod zip;

use std::io::{Cursor, Read};
use std::path::PathBuf;

use fs_err as fs;
use ktx_manifest::ArchivePath;

pub use self::collector::Collector;
pub use self::directory::DirectoryWriter;
pub use self::listing::{Listed, Listing};
pub use self::tar_gz::TarGzWriter;
pub use self::zip::ZipArchiveWriter;
use crate::error::{Error, Interrupt};

/// One file of an archive. Directories have no entries: every reader makes them as needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: ArchivePath,
    pub mode: Mode,
    pub content: Content,
}

/// The two permissions that exist here, whatever the source file's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0644
    Regular,
    /// 0755
    Executable,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Made here.
    Generated(Vec<u8>),
    /// A file whose bytes were read when the plan was made, since other entries depend on them.
    Loaded { from: PathBuf, bytes: Vec<u8> },
    /// A file that is read when it is written.
    File(PathBuf),
}

/// Puts entries somewhere. They come sorted and without duplicates; finishing is each writer's own.
pub trait Writer {
    fn write(&mut self, entry: &Entry) -> Result<(), Error>;
}

/// Writes a whole plan, unless the user stops it.
pub fn write_entries(
    entries: &[Entry],
    writer: &mut dyn Writer,
    interrupt: Interrupt<'_>,
) -> Result<(), Error> {
    for entry in entries {
        interrupt.check()?;
        writer.write(entry)?;
    }
    interrupt.check()
}

impl Mode {
    pub fn bits(self) -> u32 {
        match self {
            Mode::Regular => 0o644,
            Mode::Executable => 0o755,
        }
    }
}

impl Content {
    /// The content's length and its bytes, as of now.
    fn open(&self) -> Result<(u64, Box<dyn Read + '_>), Error> {
        match self {
            Content::Generated(bytes) | Content::Loaded { bytes, .. } => {
                Ok((bytes.len() as u64, Box::new(Cursor::new(bytes))))
            }
            Content::File(path) => {
                let file = fs::File::open(path).map_err(Error::File)?;
                let length = file.metadata().map_err(Error::File)?.len();
                Ok((length, Box::new(file)))
            }
        }
    }

    fn length(&self) -> Result<u64, Error> {
        match self {
            Content::Generated(bytes) | Content::Loaded { bytes, .. } => Ok(bytes.len() as u64),
            Content::File(path) => Ok(fs::metadata(path).map_err(Error::File)?.len()),
        }
    }

    /// Where it comes from, for people.
    pub fn origin(&self) -> String {
        match self {
            Content::Generated(_) => "generated".to_owned(),
            Content::Loaded { from, .. } | Content::File(from) => from.display().to_string(),
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Content({})", self.origin())
    }
}
