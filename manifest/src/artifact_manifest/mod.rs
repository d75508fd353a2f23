//! The artifact manifest, `dist/artifacts/manifest.json`: what a build made, from which revision. The format is
//! here; [`verify`] compares a directory of artifacts with it.

mod survey;
mod verify;

use jiff::Timestamp;
pub use ktx_names::{ArtifactPackage, Ecosystem, NPM_PACKAGE};
use ktx_names::{BuildProfile, Platform};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::survey::{SurveyedFiles, survey};
pub use self::verify::{Expected, Verification, verify};
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, Sha256Digest};
pub use crate::schema_version::SchemaVersion;

/// File name of the manifest in the artifacts directory.
pub const ARTIFACT_MANIFEST_FILE: &str = "manifest.json";

/// The manifest, schema version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ArtifactManifest {
    pub schema_version: SchemaVersion<2>,
    /// Written with milliseconds and `Z`, whatever the moment.
    #[serde(serialize_with = "milliseconds")]
    pub generated_at: Timestamp,
    /// The commit of a clean work tree, else null. The key is always there.
    #[serde(deserialize_with = "present")]
    pub source_revision: Option<String>,
    pub packages: Vec<ArtifactPackage>,
    /// The programs in the npm package that say how they were built, sorted by platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ArtifactProgram>,
    /// Sorted by path.
    pub files: Vec<ArtifactFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    Tarball,
    Wheel,
}

/// How a program of the npm package was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ArtifactProgram {
    pub platform: Platform,
    pub profile: BuildProfile,
    /// `rustc --version`, and the zig that linked it
    pub compiler: String,
}

/// A file that the build made, with a path below the artifacts directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ArtifactFile {
    pub path: ArchivePath,
    pub ecosystem: Ecosystem,
    pub artifact_kind: ArtifactKind,
    pub package_name: String,
    pub package_version: String,
    pub bytes: u64,
    pub sha256: Sha256Digest,
}

impl ArtifactManifest {
    /// Puts a manifest together, with the files sorted.
    pub fn new(
        generated_at: Timestamp,
        source_revision: Option<String>,
        packages: Vec<ArtifactPackage>,
        mut files: Vec<ArtifactFile>,
    ) -> Self {
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Self {
            schema_version: SchemaVersion,
            generated_at,
            source_revision,
            packages,
            programs: Vec::new(),
            files,
        }
    }

    /// The manifest with what is known about the programs.
    #[must_use]
    pub fn with_programs(mut self, programs: Vec<ArtifactProgram>) -> Self {
        self.programs = programs;
        self
    }

    /// The text as it is written: two blanks of indentation and a newline at the end.
    pub fn to_text(&self) -> String {
        crate::json::to_text(self)
    }

    pub fn file(&self, kind: ArtifactKind) -> Option<&ArtifactFile> {
        self.files.iter().find(|file| file.artifact_kind == kind)
    }
}

impl ArtifactFile {
    /// The line of a package's file in the list of files.
    pub fn of(package: &ArtifactPackage, path: ArchivePath, content: ContentId) -> Self {
        Self {
            path,
            ecosystem: package.ecosystem,
            artifact_kind: match package.ecosystem {
                Ecosystem::Npm => ArtifactKind::Tarball,
                Ecosystem::Python => ArtifactKind::Wheel,
            },
            package_name: package.package_name.clone(),
            package_version: package.package_version.clone(),
            bytes: content.bytes,
            sha256: content.sha256,
        }
    }

    pub fn content(&self) -> ContentId {
        ContentId {
            sha256: self.sha256,
            bytes: self.bytes,
        }
    }
}

fn milliseconds<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
}

/// Null is a value here; a missing key is not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}
