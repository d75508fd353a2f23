//! Looks into the tarball that is proven.

use std::io::Read;

use camino::Utf8Path;
use flate2::read::GzDecoder;
use fs_err as fs;

/// Whether an entry of this path is in the tarball; an unreadable tarball has none.
pub fn has(tarball: &Utf8Path, path: &str) -> bool {
    find(tarball, |entry| entry == path).is_ok_and(|found| found.is_some())
}

/// The first entry that `wanted` accepts, with its path.
pub fn find(tarball: &Utf8Path, wanted: impl Fn(&str) -> bool) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(tarball)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        if wanted(&path) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}
