//! Reads a bundle once, from its first byte to its last, and compares every file with the manifest on the way.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};

use super::{BUNDLE_FOLDER, BUNDLE_MANIFEST_FILE, BundleManifest, InvalidBundleManifest};
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, HashingWriter};
use crate::tarball::{TarEntry, TarballError, TarballLimits, visit_below};

/// Wheels of PyTorch with its libraries for one platform are about 3 GB.
const LIMITS: TarballLimits = TarballLimits {
    entries: 50_000,
    entry_bytes: 6 << 30,
    total_bytes: 32 << 30,
};
/// An interpreter has some thousand files, a line of 150 bytes each.
const MAX_MANIFEST_BYTES: u64 = 8 << 20;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: [u8; 2] = *b"PK";

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError<E> {
    /// What it is about is in the text.
    #[error(transparent)]
    Fault(#[from] BundleFault),
    /// The caller's own refusal.
    #[error(transparent)]
    Refused(E),
}

/// What is wrong with a bundle by itself.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    #[error("{0}")]
    Unreadable(#[source] io::Error),
    #[error("it is a zip archive, not a runtime bundle")]
    Zip,
    #[error("it is not a runtime bundle: it is not compressed with gzip")]
    NotCompressed,
    #[error("it is an npm package, not a runtime bundle")]
    NpmPackage,
    #[error(transparent)]
    Archive(#[from] TarballError),
    #[error("its first file is not `{BUNDLE_MANIFEST_FILE}`")]
    ManifestNotFirst,
    #[error("`{BUNDLE_MANIFEST_FILE}`: {0}")]
    Manifest(#[from] InvalidBundleManifest),
    #[error("`{0}` is not in its manifest")]
    Unlisted(ArchivePath),
    #[error("`{0}` is missing from it")]
    Missing(ArchivePath),
    #[error("`{0}` is not the file that its manifest describes")]
    Changed(ArchivePath),
}

/// Hands the manifest to `accept`, which may refuse it, then every file to `take`, with a reader of its content; what is
/// left unread is only compared. The content is only known to be right after the final `Ok`.
///
/// # Errors
/// [`BundleFault`], or what `accept` or `take` refused.
pub fn read<E>(
    source: impl Read,
    mut accept: impl FnMut(&BundleManifest) -> Result<(), E>,
    mut take: impl FnMut(&BundleManifest, &TarEntry, &mut dyn Read) -> Result<(), E>,
) -> Result<BundleManifest, BundleError<E>> {
    let mut source = BufReader::new(source);
    let start = source.fill_buf().map_err(BundleFault::Unreadable)?;
    if start.starts_with(&ZIP) {
        return Err(BundleFault::Zip.into());
    }
    if !start.starts_with(&GZIP) {
        return Err(BundleFault::NotCompressed.into());
    }
    let mut found: Option<BundleManifest> = None;
    let mut seen = BTreeSet::new();
    let mut refused: Option<BundleError<E>> = None;
    let visited = visit_below(BUNDLE_FOLDER, source, &LIMITS, |entry, content| {
        let step = match &found {
            None => manifest(entry, content)
                .map_err(BundleError::from)
                .and_then(|manifest| {
                    accept(&manifest).map_err(BundleError::Refused)?;
                    found = Some(manifest);
                    Ok(())
                }),
            Some(manifest) => {
                seen.insert(entry.path.clone());
                file(manifest, entry, content, &mut take)
            }
        };
        step.map_err(|error| {
            refused = Some(error);
            io::Error::other("refused")
        })
    });
    if let Some(error) = refused {
        return Err(error);
    }
    visited.map_err(|error| match error.entry.as_deref() {
        Some(name) if name.starts_with("package/") => BundleFault::NpmPackage,
        _ => BundleFault::Archive(error),
    })?;
    let manifest = found.ok_or(BundleFault::ManifestNotFirst)?;
    match manifest.files.keys().find(|path| !seen.contains(*path)) {
        None => Ok(manifest),
        Some(path) => Err(BundleFault::Missing(path.clone()).into()),
    }
}

fn manifest(entry: &TarEntry, content: &mut dyn Read) -> Result<BundleManifest, BundleFault> {
    if entry.path.as_str() != BUNDLE_MANIFEST_FILE || entry.size > MAX_MANIFEST_BYTES {
        return Err(BundleFault::ManifestNotFirst);
    }
    let mut text = Vec::new();
    content.read_to_end(&mut text).map_err(BundleFault::Unreadable)?;
    Ok(BundleManifest::parse(&text)?)
}

fn file<E>(
    manifest: &BundleManifest,
    entry: &TarEntry,
    content: &mut dyn Read,
    take: &mut impl FnMut(&BundleManifest, &TarEntry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), BundleError<E>> {
    let Some(listed) = manifest.files.get(&entry.path) else {
        return Err(BundleFault::Unlisted(entry.path.clone()).into());
    };
    let mut reader = HashingReader {
        inner: content,
        hasher: HashingWriter::new(io::sink()),
    };
    take(manifest, entry, &mut reader).map_err(BundleError::Refused)?;
    io::copy(&mut reader, &mut io::sink()).map_err(BundleFault::Unreadable)?;
    let (_, ContentId { sha256, bytes }) = reader.hasher.finish();
    if (sha256, bytes) == (listed.sha256, listed.bytes) {
        Ok(())
    } else {
        Err(BundleFault::Changed(entry.path.clone()).into())
    }
}

struct HashingReader<'a> {
    inner: &'a mut dyn Read,
    hasher: HashingWriter<io::Sink>,
}

impl Read for HashingReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        io::Write::write_all(&mut self.hasher, &buffer[..count])?;
        Ok(count)
    }
}
