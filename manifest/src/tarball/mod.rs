//! A strict reader of npm tarballs: one gzip member around a plain ustar archive of regular files below `package/`.
//! [`visit_below`] reads the same form with another folder.
//!
//! Extensions, links, folders and owners are refused, and so is everything after the end: what is not there cannot be
//! read in two ways. Reads front to back and holds one block at a time.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06>

mod error;
mod header;

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

pub use self::error::{TarballError, TarballFault};
use crate::archive_path::ArchivePath;
use crate::path_set::{PathKind, PathSet};

/// A file in a tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarEntry {
    /// The path below the folder, `package/` in npm's.
    pub path: ArchivePath,
    pub mode: TarMode,
    /// Length in bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub time: u64,
}

/// The two modes that a package has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TarMode {
    /// 0644
    Plain,
    /// 0755
    Executable,
}

/// The most that is read. All sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarballLimits {
    pub entries: u64,
    /// One file.
    pub entry_bytes: u64,
    /// All that the gzip member holds.
    pub total_bytes: u64,
}

impl Default for TarballLimits {
    /// Programs for five platforms are about 60 MB; a registry takes no more than a few hundred.
    fn default() -> Self {
        Self {
            entries: 50_000,
            entry_bytes: 256 << 20,
            total_bytes: 1 << 30,
        }
    }
}

const BLOCK: usize = 512;
/// As large as deflate's window twice over.
const BUFFER: usize = 64 << 10;

/// Hands every file to `visit`, in the order of the archive, with a reader of its content; what is left unread is
/// skipped. The content is only known to be sound after the final `Ok`: the checksum comes last.
pub fn visit(
    source: impl Read,
    limits: &TarballLimits,
    visit: impl FnMut(&TarEntry, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarballError> {
    visit_below("package", source, limits, visit)
}

/// [`visit`] for an archive whose files are below another folder.
pub fn visit_below(
    folder: &'static str,
    source: impl Read,
    limits: &TarballLimits,
    mut visit: impl FnMut(&TarEntry, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarballError> {
    let mut gzip = GzDecoder::new(BufReader::with_capacity(BUFFER, source));
    let mut paths = PathSet::default();
    let mut count = 0;
    {
        let mut tar = LimitedMember {
            inner: &mut gzip,
            bytes: 0,
            limit: limits.total_bytes,
        };
        while let Some(entry) = header::read(&mut tar, folder)? {
            let refuse = |fault| TarballError::new(&entry.path, fault);
            count += 1;
            if count > limits.entries {
                return Err(refuse(TarballFault::TooLarge {
                    what: "number of entries",
                    limit: limits.entries,
                }));
            }
            if entry.size > limits.entry_bytes {
                return Err(refuse(TarballFault::TooLarge {
                    what: "size",
                    limit: limits.entry_bytes,
                }));
            }
            paths.insert(&entry.path, PathKind::File).map_err(|collision| {
                let duplicate = collision.is_duplicate();
                refuse(if duplicate {
                    TarballFault::Duplicate
                } else {
                    TarballFault::Collision(collision)
                })
            })?;
            content(&mut tar, &entry, &mut visit).map_err(refuse)?;
        }
        rest_is_blank(&mut tar)?;
    }
    member_is_plain(&gzip)?;
    let mut source = gzip.into_inner();
    let trailing = source.fill_buf().map_err(TarballFault::Unreadable)?;
    if trailing.is_empty() {
        Ok(())
    } else {
        Err(TarballFault::TrailingBytes.into())
    }
}

fn content(
    tar: &mut impl Read,
    entry: &TarEntry,
    visit: &mut impl FnMut(&TarEntry, &mut dyn Read) -> io::Result<()>,
) -> Result<(), TarballFault> {
    let mut reader = Exact {
        inner: tar,
        left: entry.size,
    };
    let read = visit(entry, &mut reader).and_then(|()| io::copy(&mut reader, &mut io::sink()));
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => TarballFault::CutShort,
        _ => TarballFault::Unreadable(error),
    })?;
    let padding = entry.size.next_multiple_of(BLOCK as u64) - entry.size;
    let mut bytes = Vec::with_capacity(BLOCK);
    tar.take(padding)
        .read_to_end(&mut bytes)
        .map_err(TarballFault::Unreadable)?;
    match bytes.iter().all(|byte| *byte == 0) {
        true if bytes.len() as u64 == padding => Ok(()),
        true => Err(TarballFault::CutShort),
        false => Err(TarballFault::Padding),
    }
}

/// After the end mark, tar may fill up a record of twenty blocks with zeros; nothing else may follow.
fn rest_is_blank(tar: &mut impl Read) -> Result<(), TarballFault> {
    let mut block = vec![0; BUFFER];
    let mut blank = 0;
    loop {
        match tar.read(&mut block).map_err(TarballFault::Unreadable)? {
            0 => return Ok(()),
            count => blank += count,
        }
        if blank > 18 * BLOCK || block.iter().any(|byte| *byte != 0) {
            return Err(TarballFault::TrailingBytes);
        }
    }
}

/// A name, a comment or a time in the gzip header makes two tarballs of the same files differ.
fn member_is_plain(gzip: &GzDecoder<impl BufRead>) -> Result<(), TarballFault> {
    let plain = gzip.header().is_some_and(|header| {
        let texts = [header.filename(), header.comment(), header.extra()];
        texts.iter().all(Option::is_none) && header.mtime() == 0
    });
    if plain {
        Ok(())
    } else {
        Err(TarballFault::GzipHeader)
    }
}

/// A file's content; an archive that ends within it is an error and no short file.
struct Exact<'a, R> {
    inner: &'a mut R,
    left: u64,
}

impl<R: Read> Read for Exact<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        match self.inner.read(&mut buffer[..most])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.left -= count as u64;
                Ok(count)
            }
        }
    }
}

/// Stops a member that inflates without end.
struct LimitedMember<R> {
    inner: R,
    bytes: u64,
    limit: u64,
}

impl<R: Read> Read for LimitedMember<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        if self.bytes > self.limit {
            let cause = format!("it unpacks to more than {} bytes", self.limit);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
        }
        Ok(count)
    }
}
