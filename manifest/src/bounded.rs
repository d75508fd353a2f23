//! Reading small files whole, with a bound: a manifest of four gigabytes is refused and not read.

#![expect(
    clippy::disallowed_methods,
    reason = "the errors made here name the path themselves, in our own grammar"
)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file of at most `limit` bytes. A file that is too long, or no regular file, is
/// [`io::ErrorKind::InvalidData`]. Every error names the path.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let bytes = read_up_to(path, limit.saturating_add(1))?;
    if bytes.len() as u64 > limit {
        return Err(failure(
            path,
            io::ErrorKind::InvalidData,
            &format!("it has more than {limit} bytes"),
        ));
    }
    Ok(bytes)
}

/// The first `count` bytes of a regular file, or all of it when it has fewer. Every error names the path.
pub fn read_up_to(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open_regular(path)?.take(count).read_to_end(&mut bytes);
    read.map_err(|error| failure(path, error.kind(), &error))?;
    Ok(bytes)
}

/// Opens a file after asking what it is, since opening a FIFO would wait for its other end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path).map_err(|error| failure(path, error.kind(), &error))?;
    if !kind.is_file() {
        return Err(failure(
            path,
            io::ErrorKind::InvalidData,
            &"it is not a regular file",
        ));
    }
    File::open(path).map_err(|error| failure(path, error.kind(), &error))
}

/// An error of reading `path`, with the path in its text.
pub fn failure(path: &Path, kind: io::ErrorKind, cause: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(kind, format!("failed to read `{}`: {cause}", path.display()))
}
