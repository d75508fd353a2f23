//! What the guard lets happen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Dist-tags and the versions that they point at.
pub type Tags = BTreeMap<String, String>;

/// An allowed change and what it will look like afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What is to be done.
    pub work: Work,
    /// The version it is about.
    pub version: String,
    /// The dist-tag it is about.
    pub tag: String,
    /// The registry's tags now.
    pub tags_before: Tags,
    /// The registry's tags when the work is done.
    pub tags_after: Tags,
    /// The rules that were checked.
    pub checked: Vec<Rule>,
    /// What a person should know although it forbids nothing.
    pub notes: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Upload the package.
    Publish,
    /// Point the tag at a version that the registry has.
    MoveTag,
    /// It has been done already.
    Nothing,
}

/// The rules of the guard, by what they look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The tag is one of ours, and no version range.
    TagGrammar,
    /// The version's channel may go under the tag, and the policy wants that tag.
    Channel,
    /// No tag moves backwards.
    NeverBackwards,
    /// The number is free, or holds these very bytes.
    NumberFree,
    /// A brand-new package's first version becomes `latest`.
    FirstPublish,
    /// Trust once shown is kept.
    Trust,
    /// What the registry serves has been proven.
    Proven,
    /// The tag has pointed at the version before.
    History,
}

impl Rule {
    /// The rule in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::TagGrammar => "the tag is one of ours and no version range",
            Self::Channel => "the version's channel and the policy allow the tag",
            Self::NeverBackwards => "no tag moves backwards",
            Self::NumberFree => "the number is free, or holds these very bytes",
            Self::FirstPublish => "a first version becomes latest",
            Self::Trust => "provenance is not lost",
            Self::Proven => "what the registry serves was proven",
            Self::History => "the tag pointed at the version before",
        }
    }
}
