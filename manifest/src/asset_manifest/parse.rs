//! From the text of an asset manifest to its type, in the fixed order: JSON and literals, file names, the rest of the
//! schema.

use std::path::Path;

use ktx_names::Feature;
use pep440_rs::{Operator, VersionSpecifiers};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ASSET_MANIFEST_FILE, AssetError, AssetManifest, BundledFile, BundledWheel, DISTRIBUTION_NAME,
    NORMALIZED_NAME, Requirements,
};
use crate::archive_path::{ArchivePath, collision_key};
use crate::digest::{ContentId, Sha256Digest};
use crate::wheel_filename::WheelFilename;

/// The manifest as its text has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AssetManifestText {
    schema_version: u32,
    distribution_name: String,
    normalized_name: String,
    version: String,
    wheel: WheelText,
    requirements: Requirements,
    requires_python: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WheelText {
    file: WheelFilename,
    sha256: Sha256Digest,
    bytes: u64,
}

pub(super) fn parse(text: &[u8], path: &Path) -> Result<AssetManifest, AssetError> {
    let invalid = |reason: String| AssetError::InvalidManifest {
        path: path.to_owned(),
        reason,
    };
    let value: Value = serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))?;
    literals(&value).map_err(invalid)?;
    file_names(&value)?;
    serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))
}

fn literals(value: &Value) -> Result<(), String> {
    if !value.is_object() {
        return Err("a JSON object is expected".to_owned());
    }
    let expected = [
        ("schemaVersion", Value::from(1)),
        ("distributionName", Value::from(DISTRIBUTION_NAME)),
        ("normalizedName", Value::from(NORMALIZED_NAME)),
    ];
    for (key, literal) in expected {
        match value.get(key) {
            Some(found) if *found == literal => {}
            Some(found) => return Err(format!("`{key}` must be {literal}, got {found}")),
            None => return Err(format!("`{key}` is missing, it must be {literal}")),
        }
    }
    Ok(())
}

/// Names that are not bare file names have their own message. What is not a string, or empty, is left to the schema.
fn file_names(value: &Value) -> Result<(), AssetError> {
    let unsafe_name = |pointer: &str| {
        let file = value.pointer(pointer)?.as_str().filter(|file| !file.is_empty())?;
        let bare = file.parse::<ArchivePath>().is_ok_and(|path| path.is_bare());
        (!bare).then(|| file.to_owned())
    };
    if let Some(file) = unsafe_name("/wheel/file") {
        return Err(AssetError::UnsafeWheelFilename { file });
    }
    for feature in Feature::ALL {
        if let Some(file) = unsafe_name(&format!("/requirements/{feature}/file")) {
            return Err(AssetError::UnsafeRequirementsFilename { file });
        }
    }
    Ok(())
}

impl TryFrom<AssetManifestText> for AssetManifest {
    type Error = String;

    fn try_from(text: AssetManifestText) -> Result<Self, String> {
        let literal = |key: &str, found: &str, expected: &str| {
            if found == expected {
                Ok(())
            } else {
                Err(format!("`{key}` must be \"{expected}\", got {found:?}"))
            }
        };
        literal("schemaVersion", &text.schema_version.to_string(), "1")?;
        literal("distributionName", &text.distribution_name, DISTRIBUTION_NAME)?;
        literal("normalizedName", &text.normalized_name, NORMALIZED_NAME)?;
        if text.wheel.file.version().to_string() != text.version {
            return Err(format!(
                "`wheel.file` {} is not of version {:?}",
                text.wheel.file, text.version
            ));
        }
        let requires_python = text.requires_python.parse().map_err(|_| {
            format!(
                "`requiresPython` {:?} is not a version specifier",
                text.requires_python
            )
        })?;
        let content = ContentId {
            sha256: text.wheel.sha256,
            bytes: text.wheel.bytes,
        };
        let wheel = BundledWheel {
            file: text.wheel.file,
            content,
        };
        consistent(Self {
            wheel,
            requirements: text.requirements,
            requires_python,
        })
    }
}

/// Rules that involve more than one field.
pub(super) fn consistent(manifest: AssetManifest) -> Result<AssetManifest, String> {
    let wheel = &manifest.wheel.file;
    if wheel.distribution() != NORMALIZED_NAME {
        return Err(format!(
            "`wheel.file` {wheel} is not a wheel of {NORMALIZED_NAME}"
        ));
    }
    if !has_lower_bound(&manifest.requires_python) {
        return Err(format!(
            "`requiresPython` \"{}\" has no lower bound",
            manifest.requires_python
        ));
    }
    let wheel = wheel.to_string();
    let mut taken = vec![collision_key(ASSET_MANIFEST_FILE), collision_key(&wheel)];
    for (_, BundledFile { file, .. }) in manifest.requirements.iter() {
        if !file.is_bare() {
            return Err(format!("`{file}` is not a bare file name"));
        }
        if taken.contains(&file.collision_key()) {
            return Err(format!("two files have the name `{file}`"));
        }
        taken.push(file.collision_key());
    }
    Ok(manifest)
}

/// Whether there is a `>=X.Y`, from which a Python can be chosen.
pub(super) fn has_lower_bound(specifiers: &VersionSpecifiers) -> bool {
    specifiers.iter().any(|specifier| {
        *specifier.operator() == Operator::GreaterThanEqual && specifier.version().release().len() >= 2
    })
}

impl From<AssetManifest> for AssetManifestText {
    fn from(manifest: AssetManifest) -> Self {
        Self {
            schema_version: 1,
            distribution_name: DISTRIBUTION_NAME.to_owned(),
            normalized_name: NORMALIZED_NAME.to_owned(),
            version: manifest.version().to_string(),
            requires_python: manifest.requires_python.to_string(),
            wheel: WheelText {
                file: manifest.wheel.file,
                sha256: manifest.wheel.content.sha256,
                bytes: manifest.wheel.content.bytes,
            },
            requirements: manifest.requirements,
        }
    }
}
