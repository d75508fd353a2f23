//! The worlds that packages are locked in, and how each orders its versions.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A world of packages with names and versions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    Crates,
    Python,
    Npm,
}

impl Ecosystem {
    pub const ALL: [Self; 3] = [Self::Crates, Self::Python, Self::Npm];

    /// The name in advisories.
    ///
    /// <https://ossf.github.io/osv-schema/#defined-ecosystems>
    pub fn in_advisories(self) -> &'static str {
        match self {
            Self::Crates => "crates.io",
            Self::Python => "PyPI",
            Self::Npm => "npm",
        }
    }

    pub fn of_advisory(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.in_advisories() == name)
    }

    /// A package's name in the form in which names are compared.
    pub fn canonical(self, name: &str) -> String {
        match self {
            Self::Python => ktx_manifest::locked::normalised(name),
            Self::Crates | Self::Npm => name.to_owned(),
        }
    }

    /// A version as the ecosystem orders it; `None` when it is not one of its versions.
    pub fn version(self, text: &str) -> Option<Version> {
        match self {
            Self::Python => text.parse().ok().map(Version::Python),
            Self::Crates | Self::Npm => text.parse().ok().map(Version::Semantic),
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Crates => "crates",
            Self::Python => "Python distributions",
            Self::Npm => "npm packages",
        })
    }
}

/// A version of an ecosystem.
#[derive(Debug, Clone)]
pub enum Version {
    Semantic(semver::Version),
    Python(pep440_rs::Version),
}

impl Version {
    /// The order of two versions of one ecosystem; build metadata does not count.
    pub fn precedence(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Semantic(one), Self::Semantic(other)) => Some(one.cmp_precedence(other)),
            (Self::Python(one), Self::Python(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}
