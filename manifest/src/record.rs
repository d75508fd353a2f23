//! RECORD, the list of a distribution's files: in a wheel, and as installers leave it behind. Only reads the text;
//! whether the files agree with it is checked elsewhere.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::archive_path::{ArchivePath, UnsafePath};
use crate::digest::Sha256Digest;

/// One file of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow<P> {
    pub path: P,
    pub sha256: Option<Sha256Digest>,
    /// Length in bytes.
    pub bytes: Option<u64>,
}

/// Why a RECORD cannot be read. Rows count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("row {row}: it is not CSV in UTF-8 with three fields")]
    NotCsv { row: u64 },
    #[error("row {row}: {cause}")]
    Path { row: u64, cause: UnsafePath },
    #[error("row {row}: `{path}` has the hash `{}`, which is not a SHA-256 in URL-safe base64 without padding", hash.escape_debug())]
    Hash { row: u64, path: String, hash: String },
    #[error("row {row}: `{path}` has the size `{}`, which is not a number of bytes", size.escape_debug())]
    Size { row: u64, path: String, size: String },
}

/// A path of an installed distribution, relative to the folder that holds its metadata folder (`site-packages`). Unlike
/// paths in archives it may climb out of there, to scripts and the like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstalledPath {
    /// How many folders it climbs.
    climbs: usize,
    rest: String,
}

/// Reads the RECORD of a wheel. Hashes are SHA-256, in exactly one spelling.
pub fn parse_wheel_record(text: &[u8]) -> Result<Vec<RecordRow<ArchivePath>>, RecordError> {
    parse(text, |hash| sha256(hash).map(Some))
}

/// Reads the RECORD of an installed distribution. What other tools may have written is taken: padding, and other hash
/// algorithms, whose files have `None` for a digest.
pub fn parse_installed_record(text: &[u8]) -> Result<Vec<RecordRow<InstalledPath>>, RecordError> {
    parse(text, |hash| match hash.split_once('=') {
        Some(("sha256", _)) => sha256(hash.trim_end_matches('=')).map(Some),
        Some((algorithm, other)) if !algorithm.is_empty() && !other.is_empty() => Some(None),
        _ => None,
    })
}

fn sha256(field: &str) -> Option<Sha256Digest> {
    let bytes = URL_SAFE_NO_PAD.decode(field.strip_prefix("sha256=")?).ok()?;
    Some(Sha256Digest::from_bytes(bytes.try_into().ok()?))
}

fn parse<P: FromStr<Err = UnsafePath>>(
    text: &[u8],
    hash_of: impl Fn(&str) -> Option<Option<Sha256Digest>>,
) -> Result<Vec<RecordRow<P>>, RecordError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let mut rows = Vec::new();
    for (record, row) in reader.records().zip(1..) {
        let fields = record.map_err(|_| RecordError::NotCsv { row })?;
        let [path, hash, size] = [0, 1, 2].map(|index| fields.get(index));
        let (Some(path), Some(hash), Some(size), 3) = (path, hash, size, fields.len()) else {
            return Err(RecordError::NotCsv { row });
        };
        let owned = str::to_owned;
        let sha256 = match hash {
            "" => None,
            hash => hash_of(hash).ok_or_else(|| RecordError::Hash {
                row,
                path: owned(path),
                hash: owned(hash),
            })?,
        };
        let digits = size.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = match size {
            "" => None,
            size => match size.parse() {
                Ok(bytes) if digits => Some(bytes),
                _ => {
                    return Err(RecordError::Size {
                        row,
                        path: owned(path),
                        size: owned(size),
                    });
                }
            },
        };
        let path = path.parse().map_err(|cause| RecordError::Path { row, cause })?;
        rows.push(RecordRow { path, sha256, bytes });
    }
    Ok(rows)
}

impl InstalledPath {
    /// The path on disk, when it stays below `prefix` (the environment's own folder); nothing is looked up, links are
    /// not resolved.
    pub fn resolve(&self, site_packages: &Path, prefix: &Path) -> Option<PathBuf> {
        let base = site_packages.ancestors().nth(self.climbs)?;
        let mut path = base.to_owned();
        path.extend(self.rest.split('/'));
        path.starts_with(prefix).then_some(path)
    }
}

impl FromStr for InstalledPath {
    type Err = UnsafePath;

    fn from_str(text: &str) -> Result<Self, UnsafePath> {
        use crate::archive_path::PathFault as Fault;
        let mut rest = text;
        let mut climbs = 0;
        while let Some(below) = rest.strip_prefix("../") {
            (rest, climbs) = (below, climbs + 1);
        }
        let drive = rest.as_bytes().get(1) == Some(&b':');
        let checks = [
            (rest.is_empty(), Fault::Empty),
            (rest.starts_with('/') || drive, Fault::Absolute),
            (rest.contains('\\'), Fault::Backslash),
            (rest.contains('\0'), Fault::Control),
            (rest.split('/').any(str::is_empty), Fault::EmptyName),
            (
                rest.split('/').any(|name| name == "." || name == ".."),
                Fault::Dots,
            ),
        ];
        match checks.into_iter().find(|(refused, _)| *refused) {
            Some((_, reason)) => Err(UnsafePath {
                path: text.chars().take(200).collect(),
                reason,
            }),
            None => Ok(Self {
                climbs,
                rest: rest.to_owned(),
            }),
        }
    }
}

impl fmt::Display for InstalledPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.climbs).try_for_each(|_| out.write_str("../"))?;
        out.write_str(&self.rest)
    }
}
