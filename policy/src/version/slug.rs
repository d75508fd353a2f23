//! The name of a branch in the form that versions and dist-tags carry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Lower-case ASCII words and digits joined by single dashes: the middle of `1.2.3-<slug>.0` and the end of
/// `branch-<slug>`. Never `rc`, which names the channel of release candidates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchSlug(String);

impl BranchSlug {
    /// The slug of a branch name: lower case, everything but ASCII letters and digits becomes a dash, runs of dashes
    /// become one, dashes at the ends go. A name of which nothing remains is `branch`.
    pub fn of_branch(name: &str) -> Result<Self, InvalidSlug> {
        let words: Vec<String> = name
            .split(|character: char| !character.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        if words.is_empty() {
            "branch".parse()
        } else {
            words.join("-").parse()
        }
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BranchSlug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        // SemVer knows no number with a leading zero, so `007` could name no version.
        let is_padded_number =
            text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if text == "rc" || is_padded_number || !text.split('-').all(is_word) {
            return Err(InvalidSlug(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for BranchSlug {
    type Error = InvalidSlug;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BranchSlug> for String {
    fn from(slug: BranchSlug) -> Self {
        slug.0
    }
}

impl fmt::Display for BranchSlug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that cannot follow `branch-` or a version's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no release branch")]
pub struct InvalidSlug(String);

impl InvalidSlug {
    /// What a slug looks like.
    pub fn hint(&self) -> &'static str {
        "use lower-case words joined by single dashes, and not `rc`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_names_become_slugs() {
        for (branch, slug) in [
            ("my-fix", "my-fix"),
            ("Feature/My_Fix", "feature-my-fix"),
            ("--a--b--", "a-b"),
            ("ümlaut", "mlaut"),
            ("", "branch"),
            ("///", "branch"),
            ("12", "12"),
        ] {
            assert_eq!(BranchSlug::of_branch(branch).unwrap().as_str(), slug, "{branch}");
        }
        for branch in ["rc", "RC", "/rc/", "007"] {
            assert!(BranchSlug::of_branch(branch).is_err(), "{branch}");
        }
    }

    #[test]
    fn refuses_what_is_no_slug() {
        for text in [
            "", "-", "a-", "-a", "a--b", "A", "a_b", "a.b", "ä", "a b", "rc", "00",
        ] {
            assert!(text.parse::<BranchSlug>().is_err(), "{text}");
        }
    }
}
