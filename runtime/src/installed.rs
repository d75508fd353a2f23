//! The installed manifest, `<versionDir>/manifest.json`: what was installed, from which wheel, with which features.
//!
//! It describes an installation, not where it is: its paths are for people; the paths that are used come from the
//! layout.

use std::io::Read;
use std::path::Path;

use ktx_manifest::asset_manifest::Requirements;
use ktx_manifest::{AssetManifest, Sha256Digest};
use serde::{Deserialize, Serialize};

use crate::FeatureSet;
use crate::layout::Layout;

/// No manifest that was ever written comes near this.
const MAX_BYTES: u64 = 256 << 10;

/// The manifest, pretty JSON with a newline at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstalledManifest {
    schema_version: One,
    pub cli_version: Text,
    /// UTC, RFC 3339 with milliseconds.
    pub installed_at: Text,
    pub asset: RecordedAsset,
    pub features: FeatureSet,
    pub python: PythonPaths,
    pub install_log: Text,
}

/// The asset manifest as it was then. The last two fields are missing in runtimes of the first release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedAsset {
    schema_version: One,
    pub distribution_name: Text,
    pub normalized_name: Text,
    pub version: Text,
    pub wheel: RecordedWheel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<Requirements>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<Text>,
}

/// The wheel that was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedWheel {
    pub file: Text,
    pub sha256: Sha256Digest,
    pub bytes: u64,
}

/// Shown to people; see the module's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PythonPaths {
    pub executable: Text,
    pub daemon_executable: Text,
}

/// Text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(String);

/// The only schema version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
struct One;

/// What is at the path of an installed manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    Missing,
    /// With the reason.
    Invalid(String),
    Manifest(Box<InstalledManifest>),
}

impl InstalledManifest {
    /// The manifest of an installation that was just made.
    pub fn of(
        layout: &Layout,
        asset: &AssetManifest,
        features: FeatureSet,
        now: jiff::Timestamp,
    ) -> InstalledManifest {
        let path = |path: &Path| Text(path.to_string_lossy().into_owned());
        InstalledManifest {
            schema_version: One,
            cli_version: Text(layout.cli_version.clone()),
            installed_at: Text(crate::clock::to_text(now)),
            asset: RecordedAsset {
                schema_version: One,
                distribution_name: Text(ktx_manifest::asset_manifest::DISTRIBUTION_NAME.to_owned()),
                normalized_name: Text(ktx_manifest::asset_manifest::NORMALIZED_NAME.to_owned()),
                version: Text(asset.version().to_string()),
                wheel: RecordedWheel {
                    file: Text(asset.wheel().file.to_string()),
                    sha256: asset.wheel().content.sha256,
                    bytes: asset.wheel().content.bytes,
                },
                requirements: Some(asset.requirements().clone()),
                requires_python: Some(Text(asset.requires_python().to_string())),
            },
            features,
            python: PythonPaths {
                executable: path(&layout.python_path),
                daemon_executable: path(&layout.daemon_path),
            },
            install_log: path(&layout.install_log_path),
        }
    }

    /// Reads the file at `path`. Never fails: what is wrong is part of the answer.
    pub fn read(path: &Path) -> Recorded {
        let text = match read_regular(path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Recorded::Missing,
            Err(error) => return Recorded::Invalid(error.to_string()),
        };
        match serde_json::from_slice(&text) {
            Ok(manifest) => Recorded::Manifest(Box::new(manifest)),
            Err(error) => Recorded::Invalid(error.to_string()),
        }
    }

    /// The text as it is in the file.
    pub fn to_text(&self) -> String {
        ktx_manifest::json_text(self)
    }
}

impl Text {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Text, &'static str> {
        if text.is_empty() {
            Err("a text must not be empty")
        } else {
            Ok(Text(text))
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<u64> for One {
    type Error = String;

    fn try_from(version: u64) -> Result<One, String> {
        if version == 1 {
            Ok(One)
        } else {
            Err(format!("schemaVersion must be 1, got {version}"))
        }
    }
}

impl From<One> for u64 {
    fn from(_: One) -> u64 {
        1
    }
}

/// The content of a small regular file. What is not a regular file would block or never end.
pub(crate) fn read_regular(path: &Path, at_most: u64) -> std::io::Result<Vec<u8>> {
    if !fs_err::metadata(path)?.is_file() {
        return Err(std::io::Error::other(format!(
            "failed to read `{}`: not a regular file",
            path.display()
        )));
    }
    let mut content = Vec::new();
    fs_err::File::open(path)?
        .take(at_most + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > at_most {
        let reason = format!("failed to read `{}`: larger than {at_most} bytes", path.display());
        return Err(std::io::Error::other(reason));
    }
    Ok(content)
}
