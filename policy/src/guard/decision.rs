//! What the guard allows, and the rules that it looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Dist-tags and the versions that they point at.
pub type Tags = BTreeMap<String, String>;

/// An allowed change of a registry, and what the registry looks like afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What is to be done.
    pub work: Work,
    /// The version it is about.
    pub version: String,
    /// The dist-tag it is about.
    pub tag: String,
    /// The version that a rollback leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// The registry's tags now.
    pub tags_before: Tags,
    /// The registry's tags when the work is done.
    pub tags_after: Tags,
    /// The registry's versions now.
    #[serde(skip)]
    pub versions_before: BTreeSet<String>,
    /// Every rule, in order.
    pub rules: Vec<RuleResult>,
    /// What the user should know although it forbids nothing.
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
    /// The tag is one of this project's, and not a version range.
    TagGrammar,
    /// The version's channel may go under the tag, and the policy has that tag.
    Channel,
    /// The registry's facts are known and do not contradict each other.
    RegistryFacts,
    /// No tag moves backwards.
    NeverBackwards,
    /// The number is free, or has these very bytes.
    NumberFree,
    /// The first version of a package becomes `latest`.
    FirstPublish,
    /// Trust once shown is kept.
    Trust,
    /// The tag to promote from points at a version.
    Source,
    /// The version is published and not deprecated.
    Available,
    /// What the registry serves was proven.
    Proven,
    /// A rollback moves the tag down, away from the broken version.
    Downwards,
    /// The tag pointed at the version before.
    History,
}

impl Rule {
    /// The rule in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::TagGrammar => "the tag is one of this project's and not a version range",
            Self::Channel => "the version's channel and the policy allow the tag",
            Self::RegistryFacts => "the registry's facts are known and consistent",
            Self::NeverBackwards => "no tag moves backwards",
            Self::NumberFree => "the number is free, or has these very bytes",
            Self::FirstPublish => "latest does not become a prerelease",
            Self::Trust => "provenance is not lost",
            Self::Source => "a version is under the tag to promote from",
            Self::Available => "the version is published and not deprecated",
            Self::Proven => "what the registry serves was proven",
            Self::Downwards => "the tag moves down, away from the broken version",
            Self::History => "the tag pointed at the version before",
        }
    }
}

/// The outcome of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleResult {
    /// The rule.
    pub rule: Rule,
    /// The outcome.
    pub state: RuleState,
    /// Why it was not checked, or what the answer rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl RuleResult {
    /// The result as one line.
    pub fn line(&self) -> String {
        let because = self.because.as_ref().map(|because| format!(" ({because})"));
        format!(
            "{}: {}{}",
            self.state.words(),
            self.rule.words(),
            because.unwrap_or_default()
        )
    }
}

/// The outcome of checking a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleState {
    /// It holds.
    Passed,
    /// It is broken; a refusal says how.
    Refused,
    /// Facts were missing.
    NotChecked,
}

impl RuleState {
    fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::NotChecked => "not checked",
        }
    }
}
