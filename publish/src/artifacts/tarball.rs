//! The tarball: read once, and from then on the bytes in memory are what is judged, copied and compared.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ktx_manifest::Feature;
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::tarball::{self, TarballLimits};
use ktx_manifest::{ContentId, Sha256Digest, program_marks};
use ktx_names::{BuildProfile, Platform};
use ktx_policy::guard::Integrity;
use sha2::{Digest, Sha512};

use super::package_json::PackageJson;

/// Our `package.json` has about a kilobyte.
const LARGEST_PACKAGE_JSON: u64 = 1 << 20;

/// The larger of the two has a hundred kilobytes.
const LARGEST_LOCK: u64 = 16 << 20;

/// A package's tarball and what it holds.
#[derive(Debug, Clone)]
pub struct Tarball {
    path: PathBuf,
    bytes: Vec<u8>,
    content: ContentId,
    integrity: Integrity,
    package: PackageJson,
    programs: BTreeMap<Platform, Option<BuildProfile>>,
    locks: BTreeMap<String, String>,
}

impl Tarball {
    /// Judges `bytes`, read from `path`, by the strict reader: its `package.json`, and how its programs were
    /// built. The error is why two readers may read it differently.
    pub fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, String> {
        let content = ContentId {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
        };
        let integrity = integrity_of(&bytes);
        let UnpackedTarball {
            package,
            programs,
            locks,
        } = look_inside(&bytes)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            content,
            integrity,
            package,
            programs,
            locks,
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

    /// Its programs, with the profile each says it was built with.
    pub fn programs(&self) -> &BTreeMap<Platform, Option<BuildProfile>> {
        &self.programs
    }

    /// The texts of its locks, by file name.
    pub(super) fn locks(&self) -> &BTreeMap<String, String> {
        &self.locks
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
pub fn integrity_of(bytes: &[u8]) -> Integrity {
    Integrity(format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes))))
}

struct UnpackedTarball {
    package: PackageJson,
    programs: BTreeMap<Platform, Option<BuildProfile>>,
    locks: BTreeMap<String, String>,
}

fn look_inside(bytes: &[u8]) -> Result<UnpackedTarball, String> {
    let mut text = Vec::new();
    let mut programs = BTreeMap::new();
    let mut locks = BTreeMap::new();
    tarball::visit(bytes, &TarballLimits::default(), |entry, content| {
        let path = entry.path.as_str();
        if path == "package.json" {
            content.take(LARGEST_PACKAGE_JSON).read_to_end(&mut text)?;
        } else if let Some(name) = lock_name(path) {
            let mut text = String::new();
            content.take(LARGEST_LOCK).read_to_string(&mut text)?;
            locks.insert(name.to_owned(), text);
            return Ok(());
        }
        let program = Platform::ALL
            .into_iter()
            .find(|platform| platform.program_path() == path);
        if let Some(platform) = program {
            let mark = program_marks::build_of(content)?;
            programs.insert(platform, mark.map(|mark| mark.profile));
        }
        Ok(())
    })
    .map_err(|error| format!("{error} [{}]", error.code()))?;
    if text.is_empty() {
        return Err("it has no package.json".to_owned());
    }
    let package = serde_json::from_slice(&text).map_err(|error| format!("package.json: {error}"))?;
    Ok(UnpackedTarball {
        package,
        programs,
        locks,
    })
}

/// The file name of a lock, when `path` is one.
fn lock_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix(ASSETS)?.strip_prefix('/')?;
    Feature::ALL
        .iter()
        .any(|feature| feature.lock_file() == name)
        .then_some(name)
}
