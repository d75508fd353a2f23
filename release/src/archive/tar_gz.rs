//! Tarballs as npm makes them: everything below `package/`, one fixed time, owner and group 0.

use std::io::{self, Write};
use std::path::PathBuf;

use tar::{Builder, EntryType, Header};

use ktx_system::files::PathError;

use super::parallel_gzip::ParallelGzip;
use super::{Entry, Writer};
use crate::error::Error;

/// The folder that npm and its peers strip when they unpack.
const PREFIX: &str = "package";

/// 1985-10-26T08:15:00Z, which npm gives every file: zip, and some tools around tar, cannot tell a time near 1970.
pub(crate) const NPM_TIME: u64 = 499_162_500;

pub struct TarGzWriter<W: Write> {
    inner: Builder<ParallelGzip<W>>,
    /// For errors alone.
    path: PathBuf,
}

impl<W: Write> TarGzWriter<W> {
    /// A tarball for `path`, written to `output`.
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
}

impl<W: Write> Writer for TarGzWriter<W> {
    fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        header(entry)
            .and_then(|header| self.inner.append(&header, entry.bytes.as_slice()))
            .map_err(|source| PathError::new("write", &self.path)(source).into())
    }
}

fn header(entry: &Entry) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(format!("{PREFIX}/{}", entry.path))?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(entry.bytes.len() as u64);
    header.set_mode(entry.mode.bits());
    header.set_mtime(NPM_TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}
