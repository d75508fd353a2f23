//! A strict reader of zip archives: it accepts only what every reader reads alike.
//!
//! Zip says everything twice, in a directory at the end and in a header before each entry, and readers differ in what
//! they believe, where they search and what they skip. Here both must agree in every field, the entries must fill the
//! file without a gap, and whatever has two readings is refused: comments, Zip64, several end records, names that need
//! guessing, unknown extra fields, data descriptors without a signature. Honest archives of the common builders pass.
//!
//! Memory is bounded by the [`Limits`], whatever the archive says; content is never held whole unless asked for. What
//! the entries mean is not known here.
//!
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

mod central;
mod content;
mod end;
mod error;
mod extra;
mod fields;
mod layout;

use std::io::{self, Read, Seek, SeekFrom, Write};

pub use self::error::{ArchiveError, Fault};
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, HashingWriter};
use crate::path_set::PathKind;

/// An archive whose structure has been checked. Content is checked when it is read.
pub struct Archive<R> {
    source: R,
    entries: Vec<Entry>,
    inflater: content::Inflater,
}

/// A file or a directory in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: ArchivePath,
    pub kind: PathKind,
    /// Length of the content in bytes, as both headers say.
    pub size: u64,
    /// Whether the entry has one of Unix's execute bits.
    pub executable: bool,
    method: Method,
    compressed: u64,
    crc: u32,
    data_offset: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflate,
}

/// The most that is read. All sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub entries: u64,
    /// Content of one entry, compressed or not.
    pub entry_bytes: u64,
    /// Content of all entries.
    pub total_bytes: u64,
    /// The central directory, which is held in memory.
    pub directory_bytes: u64,
}

impl Default for Limits {
    /// Far above any wheel of pure Python, far below what would hurt.
    fn default() -> Self {
        Self {
            entries: 20_000,
            entry_bytes: 64 << 20,
            total_bytes: 256 << 20,
            directory_bytes: 4 << 20,
        }
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Checks the structure of an archive that takes up the whole of `source`.
    pub fn open(mut source: R, limits: &Limits) -> Result<Self, ArchiveError> {
        let length = source.seek(SeekFrom::End(0)).map_err(Fault::Io)?;
        let end = end::read(&mut source, length, limits)?;
        let mut directory = Vec::new();
        source
            .seek(SeekFrom::Start(end.directory_offset))
            .map_err(Fault::Io)?;
        (&mut source)
            .take(end.directory_size)
            .read_to_end(&mut directory)
            .map_err(Fault::Io)?;
        let headers = central::read(&directory, end.entries, limits)?;
        let entries = layout::read(&mut source, headers, end.directory_offset)?;
        Ok(Self {
            source,
            entries,
            inflater: content::Inflater::default(),
        })
    }

    /// The entries in the order of the central directory.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The file at a path; `None` for directories too.
    pub fn file(&self, path: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.kind == PathKind::File && entry.path.as_str() == path)
    }

    /// Writes an entry's content and checks it on the way: its size, its checksum, and that its compressed data ends
    /// where the headers say. On an error the writer may have got a part.
    pub fn copy(&mut self, entry: &Entry, writer: &mut dyn Write) -> Result<(), ArchiveError> {
        let copied = self.inflater.copy(&mut self.source, entry, writer);
        copied.map_err(|fault| ArchiveError::new(&entry.name(), fault))
    }

    /// Digest and length of an entry's content.
    pub fn digest(&mut self, entry: &Entry) -> Result<ContentId, ArchiveError> {
        let mut hasher = HashingWriter::new(io::sink());
        self.copy(entry, &mut hasher)?;
        Ok(hasher.finish().1)
    }

    /// An entry's content in memory, refused when it has more than `limit` bytes.
    pub fn read(&mut self, entry: &Entry, limit: u64) -> Result<Vec<u8>, ArchiveError> {
        if entry.size > limit {
            let fault = Fault::TooLarge {
                what: "size",
                found: entry.size,
                limit,
            };
            return Err(ArchiveError::new(&entry.name(), fault));
        }
        let mut content = Vec::new();
        self.copy(entry, &mut content)?;
        Ok(content)
    }
}

impl Entry {
    /// The name as the archive has it, with the slash that marks directories.
    fn name(&self) -> String {
        let slash = if self.kind == PathKind::Directory { "/" } else { "" };
        format!("{}{slash}", self.path)
    }
}
