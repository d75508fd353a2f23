//! The two packages of a release: their names, and what their files are called.

use serde::{Deserialize, Serialize};

/// The npm package that is released.
pub const NPM_PACKAGE: &str = "@kaelio/ktx";

/// The Python distribution inside it, which is not published on its own.
pub const DISTRIBUTION_NAME: &str = "kaelio-ktx";

/// Python, ABI and platform of the wheel: it runs anywhere.
pub const WHEEL_TAG: &str = "py3-none-any";

/// The registry that a package belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// npm packages.
    Npm,
    /// Python distributions.
    Python,
}

/// A package that a build makes, as the artifact manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ArtifactPackage {
    pub ecosystem: Ecosystem,
    pub package_name: String,
    /// Folder of its sources in the repository.
    pub package_root: String,
    /// SemVer for npm, PEP 440 for Python.
    pub package_version: String,
    /// Whether it must not be published.
    pub private: bool,
    /// The release mode that the build recorded.
    pub release_mode: String,
}

impl ArtifactPackage {
    /// The npm package at a version in SemVer's form.
    pub fn npm(version: impl Into<String>) -> Self {
        Self {
            ecosystem: Ecosystem::Npm,
            package_name: NPM_PACKAGE.to_owned(),
            package_root: "npm".to_owned(),
            package_version: version.into(),
            private: false,
            release_mode: "ci-artifact-only".to_owned(),
        }
    }

    /// The bundled distribution at a version in PEP 440's form.
    pub fn python(version: impl Into<String>) -> Self {
        Self {
            ecosystem: Ecosystem::Python,
            package_name: DISTRIBUTION_NAME.to_owned(),
            package_root: "python".to_owned(),
            ..Self::npm(version)
        }
    }

    /// The path of this package's file below the artifacts directory.
    pub fn artifact_path(&self) -> String {
        match self.ecosystem {
            Ecosystem::Npm => {
                let name = self.package_name.trim_start_matches('@').replace('/', "-");
                format!("npm/{name}-{}.tgz", self.package_version)
            }
            Ecosystem::Python => {
                let name = self.package_name.replace('-', "_");
                format!("python/{name}-{}-{WHEEL_TAG}.whl", self.package_version)
            }
        }
    }
}
