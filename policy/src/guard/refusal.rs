//! Why the guard refuses: a stable code and the reason for each broken rule, and what to do next.

use serde::Serialize;

use super::decision::{Rule, RuleResult, Tags};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Stable name.
    pub code: RefusalCode,
    /// The rule that it breaks.
    pub rule: Rule,
    /// One sentence for people.
    pub reason: String,
    /// What would help against this one, were it the only one.
    #[serde(skip)]
    pub(super) way_out: NextStep,
}

/// The one thing to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// What the user has to know or do before the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// A command that can be pasted as it is.
    pub command: String,
}

impl NextStep {
    /// Just a command.
    pub fn run(command: impl Into<String>) -> Self {
        Self {
            advice: None,
            command: command.into(),
        }
    }

    /// A command, after something that the user has to know or do.
    pub fn after(advice: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            command: command.into(),
        }
    }

    /// As a hint: the advice, then the command.
    pub fn line(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{advice}: {}", self.command),
            None => self.command.clone(),
        }
    }
}

/// Every broken rule, every other rule, what would have come of it, and the one thing to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// At least one.
    pub refusals: Vec<Refusal>,
    /// Every rule, in order.
    pub rules: Vec<RuleResult>,
    /// The registry's tags now, when they are known.
    pub tags_before: Option<Tags>,
    /// The registry's tags if nothing had forbidden it.
    pub tags_after: Option<Tags>,
    /// What to do next. A command of this toolchain that it proposes is one that the guard accepts.
    pub next: Box<NextStep>,
}

impl Refused {
    /// What kind of refusal this is as a whole: wrong bytes before an unknown registry before policy.
    pub fn class(&self) -> RefusalClass {
        self.refusals
            .iter()
            .map(|refusal| refusal.code.class())
            .max()
            .unwrap_or(RefusalClass::Policy)
    }
}

/// What kind of rule was broken, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalClass {
    /// A rule of this project.
    Policy,
    /// The registry's facts are missing or make no sense.
    Registry,
    /// The bytes are not the expected ones.
    Integrity,
}

/// Stable names of the refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// The version is not SemVer within npm's limits.
    VersionInvalid,
    /// The tag is not one of this project's.
    TagInvalid,
    /// npm would read the tag as a version range.
    TagIsRange,
    /// The version's shape belongs to no channel.
    ChannelUnknown,
    /// The version's channel does not go under the tag.
    ChannelMismatch,
    /// The policy publishes under another tag.
    TagNotInPolicy,
    /// The version is above the main line's, so it does not need its own lane.
    LaneNotNeeded,
    /// The tag points at this version or a higher one.
    TagBackwards,
    /// The version is not above `latest`.
    BelowLatest,
    /// `latest` would be a prerelease.
    PrereleaseLatest,
    /// The number holds other bytes.
    NumberTaken,
    /// The number was published and removed.
    NumberBurned,
    /// The number is published, and there are no bytes to compare with.
    NumberUncompared,
    /// The version is published, but the tag was not moved to it.
    PublishedElsewhere,
    /// The first version of the package would become `latest`.
    FirstPublishLatest,
    /// Provenance would be lost.
    TrustDowngrade,
    /// The policy requires provenance, and the version has none.
    ProvenanceMissing,
    /// The provenance is forged, or of something else.
    ProvenanceRefused,
    /// The registry's facts are not known.
    RegistryUnknown,
    /// The registry's facts contradict themselves.
    RegistryInconsistent,
    /// The source and the target are the same tag.
    SameTag,
    /// The tag points at nothing.
    TagMissing,
    /// The version is deprecated.
    Deprecated,
    /// No smoke of the published package says that it works.
    NotProven,
    /// The smoke of the published package used other bytes than the registry serves.
    ProofMismatch,
    /// The registry does not have the version.
    VersionMissing,
    /// Nothing says that the tag pointed at the version before.
    NoHistory,
    /// The tag may have been rolled back already, and the broken version is not named.
    BrokenUnnamed,
    /// The tag does not point at the version that is said to be broken.
    TagMoved,
    /// A rollback would move the tag up, or not at all.
    NotDown,
    /// The registry has a higher version that goes under the tag.
    TagBehind,
}

impl RefusalCode {
    /// What kind of rule it is.
    pub fn class(self) -> RefusalClass {
        match self {
            Self::NumberTaken | Self::ProofMismatch | Self::ProvenanceRefused => RefusalClass::Integrity,
            Self::RegistryUnknown | Self::RegistryInconsistent => RefusalClass::Registry,
            _ => RefusalClass::Policy,
        }
    }

    /// The name as JSON and messages have it.
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}
