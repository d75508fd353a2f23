//! Tarballs as npm makes them: everything below `package/`, one fixed time, owner and group 0.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use tar::{Builder, EntryType, Header};

use ktx_system::files::PathError;

use super::parallel_gzip::ParallelGzip;
use super::{Content, Entry, Mode, Writer};
use crate::error::Error;

/// The folder that npm and its peers strip when they unpack.
const PREFIX: &str = "package";

/// 1985-10-26T08:15:00Z, which npm gives every file: zip, and some tools around tar, cannot tell a time near 1970.
const NPM_TIME: u64 = 499_162_500;

pub struct TarGzWriter<W: Write> {
    inner: Builder<ParallelGzip<W>>,
    /// For errors alone.
    path: PathBuf,
}

impl<W: Write> TarGzWriter<W> {
    /// A tarball that is to stand at `path` and is written to `output`.
    pub fn new(path: impl Into<PathBuf>, output: W) -> Result<Self, Error> {
        let path = path.into();
        match ParallelGzip::new(output) {
            Ok(gzip) => Ok(TarGzWriter {
                inner: Builder::new(gzip),
                path,
            }),
            Err(source) => Err(PathError::new("write", path)(source).into()),
        }
    }

    /// Ends the archive and gives the output back.
    pub fn finish(self) -> Result<W, Error> {
        let path = self.path;
        let output = self.inner.into_inner().and_then(ParallelGzip::finish);
        Ok(output.map_err(PathError::new("write", path))?)
    }

    fn append(&mut self, entry: &Entry, length: u64, reader: &mut dyn Read) -> io::Result<()> {
        let header = header(&format!("{PREFIX}/{}", entry.path), entry.mode, length)?;
        let mut exact = Exact { reader, left: length };
        self.inner.append(&header, &mut exact)?;
        exact.finish()
    }
}

impl<W: Write> Writer for TarGzWriter<W> {
    fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        let (length, mut reader) = entry.content.open()?;
        self.append(entry, length, &mut reader)
            .map_err(|source| match &entry.content {
                Content::File(from) => PathError::new("pack", from)(source).into(),
                Content::Generated(_) | Content::Loaded { .. } => {
                    PathError::new("write", &self.path)(source).into()
                }
            })
    }
}

fn header(path: &str, mode: Mode, length: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(length);
    header.set_mode(mode.bits());
    header.set_mtime(NPM_TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

/// Gives as many bytes as the header promised, and an error when the file has become another meanwhile.
struct Exact<'a> {
    reader: &'a mut dyn Read,
    left: u64,
}

impl Exact<'_> {
    fn finish(&mut self) -> io::Result<()> {
        let mut more = [0];
        if self.left > 0 || self.reader.read(&mut more)? > 0 {
            return Err(io::Error::other("it changed while it was read"));
        }
        Ok(())
    }
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], promised: u64, whole: bool) {
        let mut reader = bytes;
        let mut exact = Exact {
            reader: &mut reader,
            left: promised,
        };
        let mut read = Vec::new();
        exact.read_to_end(&mut read).expect("a slice can be read");
        assert!(read.len() as u64 <= promised);
        assert_eq!(exact.finish().is_ok(), whole, "{} of {promised}", bytes.len());
    }

    #[test]
    fn a_file_that_changes_while_it_is_packed_is_noticed() {
        check(b"four", 4, true);
        check(b"four", 5, false);
        check(b"four", 3, false);
        check(b"", 0, true);
    }
}
