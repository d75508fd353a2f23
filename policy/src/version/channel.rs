//! The release channels, and which one a version's shape puts it on.

use std::fmt;

use crate::tag::DistTag;

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

    /// The dist-tags that a version of this channel may be published under, the usual one first.
    pub fn tags(&self) -> Vec<DistTag> {
        match self {
            Self::Stable => vec![DistTag::Next, DistTag::Latest],
            Self::Candidate { .. } => vec![DistTag::Next],
            Self::Branch { slug, .. } => vec![DistTag::Branch(slug.clone())],
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

#[cfg(test)]
mod tests {
    use crate::ReleaseVersion;

    #[test]
    fn the_shape_of_a_version_decides_where_it_may_go() {
        for (version, tags) in [
            ("1.2.3", "next latest"),
            ("1.2.3-rc.0", "next"),
            ("1.2.3-my-fix.1", "branch-my-fix"),
            ("1.2.3-0.1", "branch-0"),
            ("1.2.3-rc", ""),
            ("1.2.3-rc.x", ""),
            ("1.2.3-rc.1.2", ""),
            ("1.2.3-rc1", ""),
            ("1.2.3-RC.1", ""),
            ("1.2.3-my--fix.1", ""),
            ("1.2.3-beta", ""),
            ("1.2.3+build", ""),
            ("1.2.3-rc.1+build", ""),
            ("1.2.3-rc.99999999999999999999", ""),
        ] {
            let version: ReleaseVersion = version.parse().unwrap();
            let names: Vec<String> = version
                .channel()
                .iter()
                .flat_map(|channel| channel.tags())
                .map(|tag| tag.to_string())
                .collect();
            assert_eq!(names.join(" "), tags, "{version}");
        }
    }
}
