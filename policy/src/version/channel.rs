//! The release channels, and which one a version's shape puts it on.

use std::fmt;

use super::slug::BranchSlug;

/// Where a version comes from, and so where it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// `X.Y.Z`
    Stable,
    /// `X.Y.Z-rc.N`
    Candidate { number: u64 },
    /// `X.Y.Z-<slug>.N`
    Branch { slug: BranchSlug, number: u64 },
}

impl Channel {
    /// The channel of `version`; `None` for build metadata and for any other prerelease shape.
    pub(super) fn of(version: &semver::Version) -> Option<Self> {
        if !version.build.is_empty() {
            return None;
        }
        if version.pre.is_empty() {
            return Some(Self::Stable);
        }
        let (name, number) = version.pre.as_str().split_once('.')?;
        let number = number.parse().ok()?;
        if name == "rc" {
            return Some(Self::Candidate { number });
        }
        Some(Self::Branch {
            slug: name.parse().ok()?,
            number,
        })
    }
}

impl Channel {
    /// The word for pipelines: `stable`, `rc` or `branch`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Candidate { .. } => "rc",
            Self::Branch { .. } => "branch",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stable => formatter.write_str("stable version"),
            Self::Candidate { .. } => formatter.write_str("release candidate"),
            Self::Branch { slug, .. } => write!(formatter, "prerelease of branch {slug}"),
        }
    }
}
