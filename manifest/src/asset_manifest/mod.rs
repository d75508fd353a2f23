//! The bundled asset manifest, `assets/python/manifest.json`: which wheel and which locked requirements a package
//! carries. Writing and reading of the text are here; [`verify`](BundledAssets::verify) looks at the files.

mod parse;
mod requirements;
mod verify;

use std::path::{Path, PathBuf};

use pep440_rs::{Version, VersionSpecifiers};
use serde::{Deserialize, Serialize};

pub use self::requirements::Requirements;
pub use self::verify::VerifiedAssets;
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, Sha256Digest};
use crate::wheel_filename::WheelFilename;
pub use ktx_names::DISTRIBUTION_NAME;
use ktx_names::Finding;

/// [`DISTRIBUTION_NAME`] as wheels write it.
pub const NORMALIZED_NAME: &str = "kaelio_ktx";
/// What the wheel installs beside its metadata, sorted.
pub const PYTHON_PACKAGES: [&str; 2] = ["ktx_daemon", "semantic_layer"];
/// The console script that starts the daemon.
pub const DAEMON_SCRIPT: &str = "ktx-daemon";
/// File name of the manifest in the asset directory.
pub const ASSET_MANIFEST_FILE: &str = "manifest.json";
/// No manifest that was ever written comes near this many bytes.
pub const MAX_MANIFEST_BYTES: u64 = 64 << 10;

/// The manifest. Values of this type are valid: none can contradict itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "parse::AssetManifestText", into = "parse::AssetManifestText")]
pub struct AssetManifest {
    wheel: BundledWheel,
    requirements: Requirements,
    requires_python: VersionSpecifiers,
}

/// The wheel beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledWheel {
    pub file: WheelFilename,
    pub content: ContentId,
}

/// A file beside the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledFile {
    /// A bare file name.
    pub file: ArchivePath,
    pub sha256: Sha256Digest,
    pub bytes: u64,
}

/// Why the bundled assets cannot be used. The texts are seen by users and programs.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    #[error(
        "Missing bundled Python runtime manifest: {}\n\
         In a source checkout, build the local runtime assets with: cargo xtask build\n\
         Then retry the runtime-backed ktx command.",
        path.display()
    )]
    MissingManifest { path: PathBuf },
    /// The source names the path.
    #[error("{source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("failed to read `{}`: {reason}", path.display())]
    InvalidManifest { path: PathBuf, reason: String },
    #[error("Unsafe runtime wheel filename in bundled manifest: {}", file.escape_debug())]
    UnsafeWheelFilename { file: String },
    #[error("Unsafe runtime requirements filename in bundled manifest: {}", file.escape_debug())]
    UnsafeRequirementsFilename { file: String },
    #[error("Bundled Python runtime wheel checksum mismatch: {}", path.display())]
    WheelChecksum { path: PathBuf },
    #[error("Bundled Python runtime requirements checksum mismatch: {}", path.display())]
    RequirementsChecksum { path: PathBuf },
    #[error("Bundled Python runtime wheel metadata is missing: {}", path.display())]
    WheelMetadataMissing { path: PathBuf },
    #[error("Bundled Python runtime wheel metadata is missing Requires-Python")]
    RequiresPythonMissing,
    #[error("Unsupported bundled Python runtime Requires-Python: {spec}")]
    RequiresPythonUnsupported { spec: String },
    #[error(
        "Unable to read bundled Python runtime wheel metadata: {}",
        findings_text(findings)
    )]
    Wheel { path: PathBuf, findings: Vec<Finding> },
}

/// The assets of a package as their manifest describes them; nothing but the manifest has been read.
#[derive(Debug, Clone)]
pub struct BundledAssets {
    directory: PathBuf,
    manifest: AssetManifest,
}

impl AssetManifest {
    /// Puts a manifest together. `requires_python` must have a lower bound and the file names must differ.
    pub fn new(
        wheel: BundledWheel,
        requirements: Requirements,
        requires_python: VersionSpecifiers,
    ) -> Result<Self, String> {
        parse::consistent(Self {
            wheel,
            requirements,
            requires_python,
        })
    }

    pub fn wheel(&self) -> &BundledWheel {
        &self.wheel
    }

    pub fn version(&self) -> &Version {
        self.wheel.file.version()
    }

    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    pub fn requires_python(&self) -> &VersionSpecifiers {
        &self.requires_python
    }

    /// The text as it is in a package: two blanks of indentation and a newline at the end.
    pub fn to_text(&self) -> String {
        crate::json::to_text(self)
    }
}

impl BundledFile {
    pub fn content(&self) -> ContentId {
        ContentId {
            sha256: self.sha256,
            bytes: self.bytes,
        }
    }
}

impl BundledAssets {
    /// Reads and checks the manifest in an asset directory, in this order: JSON and literals, file names, the rest of
    /// the schema. The files it names are not looked at.
    pub fn load(directory: impl Into<PathBuf>) -> Result<Self, AssetError> {
        let directory = directory.into();
        let path = directory.join(ASSET_MANIFEST_FILE);
        let text = match crate::bounded::read(&path, MAX_MANIFEST_BYTES) {
            Ok(text) => text,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(AssetError::MissingManifest { path });
            }
            Err(source) => return Err(AssetError::Unreadable { path, source }),
        };
        let manifest = parse::parse(&text, &path)?;
        Ok(Self { directory, manifest })
    }

    pub fn manifest(&self) -> &AssetManifest {
        &self.manifest
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn wheel_path(&self) -> PathBuf {
        self.directory.join(self.manifest.wheel.file.to_string())
    }

    pub fn requirements_path(&self, file: &BundledFile) -> PathBuf {
        file.file.under(&self.directory)
    }
}

impl AssetError {
    /// Stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingManifest { .. } => "asset-manifest-missing",
            Self::Unreadable { .. } => "asset-unreadable",
            Self::InvalidManifest { .. } => "asset-manifest-invalid",
            Self::UnsafeWheelFilename { .. } => "asset-wheel-filename-unsafe",
            Self::UnsafeRequirementsFilename { .. } => "asset-requirements-filename-unsafe",
            Self::WheelChecksum { .. } => "asset-wheel-checksum",
            Self::RequirementsChecksum { .. } => "asset-requirements-checksum",
            Self::WheelMetadataMissing { .. } => "asset-wheel-metadata-missing",
            Self::RequiresPythonMissing => "asset-requires-python-missing",
            Self::RequiresPythonUnsupported { .. } => "asset-requires-python-unsupported",
            Self::Wheel { .. } => "asset-wheel-invalid",
        }
    }

    /// Findings about the wheel's inside, when that is what is wrong.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Wheel { findings, .. } => findings,
            _ => &[],
        }
    }
}

fn findings_text(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect::<Vec<_>>()
        .join("; ")
}
