//! Reading small files whole, with a bound: a manifest of four gigabytes is refused and not read.

use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file of at most `limit` bytes. A file that is too long, or no regular file, is
/// [`io::ErrorKind::InvalidData`]. Every error names the path.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(refusal(path, &format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// Opens a file after asking what it is, since opening a FIFO would wait for its other end.
pub fn open_regular(path: &Path) -> io::Result<fs_err::File> {
    if !fs_err::metadata(path)?.is_file() {
        return Err(refusal(path, "it is not a regular file"));
    }
    fs_err::File::open(path)
}

fn refusal(path: &Path, cause: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("failed to read `{}`: {cause}", path.display()),
    )
}
