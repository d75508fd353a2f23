//! What a registry says about a package, as far as the guard needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A [Subresource Integrity](https://www.w3.org/TR/sri-2/) text such as `sha512-…`, as `dist.integrity` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Integrity(pub String);

impl fmt::Display for Integrity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a version carries an attestation of where it was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// It does.
    Attested,
    /// It does not.
    Missing,
}

/// What is known about the package on the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryState {
    /// The registry did not answer, or sent nonsense, with the reason.
    Unknown(String),
    /// The registry has never heard of the package.
    NoPackage,
    /// The registry knows the package.
    Package(PackageState),
}

/// A package on a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageState {
    /// Dist-tags and the versions that they point at.
    pub tags: BTreeMap<String, String>,
    /// The versions that can be installed.
    pub versions: BTreeMap<String, VersionFacts>,
    /// Versions that were published once and are gone: their numbers cannot be used again.
    pub burned: BTreeSet<String>,
}

/// A version on a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionFacts {
    /// `dist.integrity`; the oldest versions of a registry have none.
    pub integrity: Option<Integrity>,
    /// Whether it carries provenance.
    pub provenance: Provenance,
    /// When it was published, in RFC 3339 and UTC; `None` when the registry does not say.
    pub published_at: Option<String>,
    /// The deprecation message, when it is deprecated.
    pub deprecated: Option<String>,
}
