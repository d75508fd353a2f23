//! Zip archives in memory: one time, two modes, no extra fields, so that the same entries give the same bytes.

use std::io::{Cursor, Write};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use ktx_system::files::PathError;

use super::{Entry, Writer};
use crate::error::Error;

pub struct ZipArchiveWriter {
    inner: ZipWriter<Cursor<Vec<u8>>>,
    options: SimpleFileOptions,
    /// For errors alone.
    path: PathBuf,
}

impl ZipArchiveWriter {
    /// An archive for `path`, whose entries all have `time`.
    pub fn new(path: impl Into<PathBuf>, time: DateTime) -> Self {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .system(System::Unix)
            .last_modified_time(time);
        ZipArchiveWriter {
            inner: ZipWriter::new(Cursor::new(Vec::new())),
            options,
            path: path.into(),
        }
    }

    /// The archive's bytes.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        match self.inner.finish() {
            Ok(cursor) => Ok(cursor.into_inner()),
            Err(error) => Err(PathError::new("write", self.path)(error.into()).into()),
        }
    }

    fn failed(&self, source: impl Into<std::io::Error>) -> Error {
        PathError::new("write", &self.path)(source.into()).into()
    }
}

impl Writer for ZipArchiveWriter {
    fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        let options = self.options.unix_permissions(entry.mode.bits());
        self.inner
            .start_file(entry.path.as_str(), options)
            .map_err(|error| self.failed(error))?;
        self.inner
            .write_all(&entry.bytes)
            .map_err(|error| self.failed(error))
    }
}
