//! The bytes that a run is about: the tarball, and the wheel inside it.

use camino::{Utf8Path, Utf8PathBuf};
use ktx_manifest::archive_path::ArchivePath;
use ktx_manifest::digest::Sha256Digest;
use ktx_manifest::smoke_report::ProvenFile;

use crate::tarball;

/// The bytes that a run was about.
#[derive(Clone, Debug)]
pub struct ProvenBytes {
    pub tarball: ProvenFile,
    /// The wheel inside the tarball.
    pub wheel: ProvenFile,
}

/// The tarball is not a package that can be tested.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the package `{path}`: {reason}")]
pub struct UnreadablePackage {
    path: Utf8PathBuf,
    reason: String,
}

/// Digests of the tarball as it is there, and of the wheel inside it.
pub fn proven_bytes(path: &Utf8Path) -> Result<ProvenBytes, UnreadablePackage> {
    let broken = |reason: String| UnreadablePackage {
        path: path.to_owned(),
        reason,
    };
    let tarball = Sha256Digest::of_file(path).map_err(|error| broken(error.to_string()))?;
    let (wheel_path, wheel) = tarball::find(path, |entry| {
        entry.starts_with("package/assets/python/") && entry.ends_with(".whl")
    })
    .map_err(|error| broken(error.to_string()))?
    .ok_or_else(|| broken("it carries no wheel".to_owned()))?;
    let named = |name: Option<&str>| {
        name.unwrap_or_default()
            .parse::<ArchivePath>()
            .map_err(|error| broken(error.to_string()))
    };
    Ok(ProvenBytes {
        tarball: ProvenFile {
            file: named(path.file_name())?,
            sha256: tarball.sha256,
            bytes: tarball.bytes,
        },
        wheel: ProvenFile {
            file: named(Utf8Path::new(&wheel_path).file_name())?,
            sha256: Sha256Digest::of(&wheel),
            bytes: wheel.len() as u64,
        },
    })
}
