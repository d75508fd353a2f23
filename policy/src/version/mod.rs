//! The version of a release and the channel that its shape puts it on.
//!
//! Versions are SemVer 2.0.0 within npm's limits. Knows nothing of PEP 440: the wheel's form of a version belongs to
//! the formats of the wheel.

mod channel;
mod lane;
mod next;
mod slug;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::channel::Channel;
pub use self::lane::{InvalidLane, Lane};
pub use self::next::{Bump, Disagreement, NextChannel, ReleasedVersions, next_version};
pub use self::slug::{BranchSlug, InvalidSlug};

/// npm compares versions with doubles, so it refuses a number above `Number.MAX_SAFE_INTEGER`.
const LARGEST_NUMBER: u64 = 9_007_199_254_740_991;

/// npm refuses a version of more characters.
const LONGEST_VERSION: usize = 256;

/// A SemVer version that npm accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseVersion(semver::Version);

impl ReleaseVersion {
    /// The channel of this version, or `None` for a shape that may be published nowhere.
    pub fn channel(&self) -> Option<Channel> {
        Channel::of(&self.0)
    }

    /// Whether the version has a prerelease part.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// SemVer precedence, which does not look at build metadata.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }

    /// Whether this version comes after `other` by SemVer precedence.
    pub fn is_above(&self, other: &Self) -> bool {
        self.precedence(other) == Ordering::Greater
    }

    /// The version as the `semver` crate has it.
    pub fn as_semver(&self) -> &semver::Version {
        &self.0
    }
}

impl FromStr for ReleaseVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.to_owned());
        if text.len() > LONGEST_VERSION {
            return Err(invalid());
        }
        let version = semver::Version::parse(text).map_err(|_| invalid())?;
        if [version.major, version.minor, version.patch]
            .iter()
            .any(|number| *number > LARGEST_NUMBER)
        {
            return Err(invalid());
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for ReleaseVersion {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ReleaseVersion> for String {
    fn from(version: ReleaseVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A text that is not a version npm would accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid public npm package version: {0}")]
pub struct InvalidVersion(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_semver_within_the_limits_of_npm_and_nothing_else() {
        for text in [
            "0.1.0",
            "1.2.3-rc.4",
            "1.2.3-my-fix.1",
            "1.2.3+build",
            "9007199254740991.0.0",
        ] {
            assert_eq!(
                text.parse::<ReleaseVersion>().map(|version| version.to_string()),
                Ok(text.to_owned())
            );
        }
        let long = format!("1.0.0-{}", "a".repeat(251));
        for text in [
            "",
            "1",
            "1.2",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            " 1.2.3",
            "1.2.3\n",
            "latest",
            "1.x",
            "9007199254740992.0.0",
            &long,
        ] {
            let error = text.parse::<ReleaseVersion>().expect_err(text);
            assert_eq!(
                error.to_string(),
                format!("Invalid public npm package version: {text}")
            );
        }
    }

    #[test]
    fn build_metadata_does_not_order_versions() {
        let one: ReleaseVersion = "1.2.3+a".parse().unwrap();
        let other: ReleaseVersion = "1.2.3+b".parse().unwrap();
        assert!(!one.is_above(&other) && !other.is_above(&one));
    }
}
