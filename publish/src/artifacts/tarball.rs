//! The tarball: read once, and from then on the bytes in memory are what is judged, copied and compared.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use fs_err as fs;
use ktx_manifest::{ContentId, Sha256Digest};
use ktx_names::Platform;
use ktx_policy::guard::Integrity;
use sha2::{Digest, Sha512};

use crate::error::{PathError, PublishError};

use super::package_json::PackageJson;

/// A `package.json` of more bytes is none of ours.
const LARGEST_PACKAGE_JSON: u64 = 1 << 20;

/// A package's tarball and what it holds.
#[derive(Debug, Clone)]
pub struct Tarball {
    path: PathBuf,
    bytes: Vec<u8>,
    content: ContentId,
    integrity: Integrity,
    package: PackageJson,
    platforms: BTreeSet<Platform>,
}

impl Tarball {
    /// Reads the file, its `package.json`, and the platforms that it has a program for.
    pub fn open(path: &Path) -> Result<Self, PublishError> {
        let bytes = fs::read(path).map_err(PathError::new("read", path))?;
        let content = ContentId {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
        };
        let integrity = integrity_of(&bytes);
        let (package, platforms) = look_inside(&bytes).map_err(|cause| PublishError::Integrity {
            message: format!("failed to read `{}`: {cause}", path.display()),
            hint: "cargo xtask build".to_owned(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            content,
            integrity,
            package,
            platforms,
        })
    }

    /// Digest and size of the whole file.
    pub fn content(&self) -> ContentId {
        self.content
    }

    /// What a registry will write into `dist.integrity`.
    pub fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Its `package.json`.
    pub fn package(&self) -> &PackageJson {
        &self.package
    }

    /// The platforms that it has a program for.
    pub fn platforms(&self) -> &BTreeSet<Platform> {
        &self.platforms
    }

    /// Whether `bytes` are the tarball's.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.bytes == bytes
    }

    /// Its file name.
    pub fn file_name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("package.tgz")
    }

    /// The bytes that were judged.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The integrity text of `bytes`, as npm computes it.
pub(crate) fn integrity_of(bytes: &[u8]) -> Integrity {
    Integrity(format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes))))
}

fn look_inside(bytes: &[u8]) -> Result<(PackageJson, BTreeSet<Platform>), String> {
    let mut archive = tar::Archive::new(GzDecoder::new(Cursor::new(bytes)));
    let mut package = None;
    let mut platforms = BTreeSet::new();
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let path = entry
            .path()
            .map_err(|error| error.to_string())?
            .to_string_lossy()
            .into_owned();
        if path == "package/package.json" {
            if package.is_some() {
                return Err("package.json stands twice in it".to_owned());
            }
            let mut text = String::new();
            entry
                .by_ref()
                .take(LARGEST_PACKAGE_JSON)
                .read_to_string(&mut text)
                .map_err(|error| error.to_string())?;
            package = Some(serde_json::from_str(&text).map_err(|error| format!("package.json: {error}"))?);
        }
        platforms.extend(platform_of(&path));
    }
    Ok((package.ok_or("it has no package.json")?, platforms))
}

/// The platform whose program stands at `path`.
fn platform_of(path: &str) -> Option<Platform> {
    let below = path.strip_prefix("package/")?;
    Platform::ALL
        .into_iter()
        .find(|platform| platform.program_path() == below)
}
