//! The dist-tags that this project publishes under.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::version::{BranchSlug, Channel, Lane, ReleaseVersion};

/// `latest`, `next`, `release-X.Y` or `branch-<slug>`. None of them reads as a version range, which npm would install instead of the
/// tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DistTag {
    /// What `npm install` takes by default.
    Latest,
    /// Release candidates, and stable versions before they are promoted.
    Next,
    /// The fixes of a line that the main one has left behind.
    Release(Lane),
    /// The prereleases of one branch.
    Branch(BranchSlug),
}

impl DistTag {
    /// The tags that a version may ever be under, the usual one first; none for a version without a channel.
    pub fn of(version: &ReleaseVersion) -> Vec<Self> {
        match version.channel() {
            Some(Channel::Stable) => vec![Self::Next, Self::Latest, Self::Release(Lane::of(version))],
            Some(Channel::Candidate { .. }) => vec![Self::Next],
            Some(Channel::Branch { slug, .. }) => vec![Self::Branch(slug)],
            None => Vec::new(),
        }
    }
}

impl FromStr for DistTag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            "next" => Ok(Self::Next),
            _ => {
                let lane = text.strip_prefix("release-").map(|lane| lane.parse().ok());
                let branch = text.strip_prefix("branch-").map(|slug| slug.parse().ok());
                let tag = match (lane, branch) {
                    (Some(lane), _) => lane.map(Self::Release),
                    (_, Some(slug)) => slug.map(Self::Branch),
                    _ => None,
                };
                tag.ok_or_else(|| InvalidTag(text.to_owned()))
            }
        }
    }
}

impl TryFrom<String> for DistTag {
    type Error = InvalidTag;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DistTag> for String {
    fn from(tag: DistTag) -> Self {
        tag.to_string()
    }
}

impl fmt::Display for DistTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => formatter.write_str("latest"),
            Self::Next => formatter.write_str("next"),
            Self::Release(lane) => write!(formatter, "release-{lane}"),
            Self::Branch(slug) => write!(formatter, "branch-{slug}"),
        }
    }
}

/// A text that is not one of these dist-tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid public npm release tag: {0}")]
pub struct InvalidTag(String);

impl InvalidTag {
    /// Whether npm would read the text as a version range, so that `npm install name@text` never looks at the tag.
    ///
    /// A range starts with a digit, `v` and a digit, an operator or a wildcard, or is empty
    /// ([node-semver](https://github.com/npm/node-semver#range-grammar)).
    pub fn reads_as_range(&self) -> bool {
        let text = self.0.trim();
        let partial = text.trim_start_matches(['v', 'V', '=', '<', '>', '~', '^', ' ']);
        match partial.chars().next() {
            None => {
                text.is_empty()
                    || text
                        .chars()
                        .any(|character| matches!(character, '~' | '^' | '<' | '>' | '='))
            }
            Some('*') => true,
            Some('x' | 'X') => partial.len() == 1 || partial[1..].starts_with('.'),
            Some(first) => first.is_ascii_digit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_its_own_tags_only() {
        for text in [
            "latest",
            "next",
            "branch-a",
            "branch-my-fix",
            "branch-2",
            "release-1.0",
        ] {
            assert_eq!(text.parse::<DistTag>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Latest",
            "latest ",
            "beta",
            "branch-",
            "branch-A",
            "branch-a--b",
            "branch-a_b",
            "branch-rc",
            "branch",
            "release",
            "release-1",
            "release-1.0.0",
            "release-01.0",
            "--tag",
            "lat\0est",
        ] {
            let error = text.parse::<DistTag>().expect_err(text);
            assert_eq!(
                error.to_string(),
                format!("Invalid public npm release tag: {text}")
            );
            assert!(!error.reads_as_range() || text.is_empty(), "{text}");
        }
        for text in [
            "1",
            "1.2",
            "v1",
            "1.x",
            "x",
            "X.1",
            "*",
            "^1.2",
            "~1",
            ">=1",
            "=1",
            "1.2.3-rc.1",
            "",
            "1 - 2",
        ] {
            assert!(
                text.parse::<DistTag>().expect_err(text).reads_as_range(),
                "{text}"
            );
        }
    }

    #[test]
    fn the_shape_of_a_version_decides_where_it_may_go() {
        for (version, tags) in [
            ("1.2.3", "next latest release-1.2"),
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
            let names: Vec<String> = DistTag::of(&version).iter().map(ToString::to_string).collect();
            assert_eq!(names.join(" "), tags, "{version}");
        }
    }
}
