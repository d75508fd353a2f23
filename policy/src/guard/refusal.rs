//! Why the guard refuses: a stable code, the reason, and the command that would be right.

use serde::Serialize;

use super::plan::{Rule, Tags};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Stable name.
    pub code: RefusalCode,
    /// One sentence for people.
    pub reason: String,
    /// What a person has to know or do before the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
    /// The command that would be right, to be pasted as it stands.
    pub command: String,
}

/// Every broken rule, the rules that could not be looked at, and what would have come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// At least one.
    pub refusals: Vec<Refusal>,
    /// The rules that were looked at.
    pub checked: Vec<Rule>,
    /// The rules that need facts which were not to be had.
    pub unchecked: Vec<Rule>,
    /// What would have come of it.
    #[serde(flatten)]
    pub foreseen: Box<Foreseen>,
}

/// The registry's tags around a change, as far as they can be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Foreseen {
    /// The tags now, when they are known.
    pub tags_before: Option<Tags>,
    /// The tags if nothing had forbidden it.
    pub tags_after: Option<Tags>,
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
    /// A rule of ours.
    Policy,
    /// The registry's facts are missing or make no sense.
    Registry,
    /// Bytes are not the bytes they should be.
    Integrity,
}

/// Stable names of the refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// The version is not SemVer within npm's limits.
    VersionInvalid,
    /// The tag is none of ours.
    TagInvalid,
    /// npm would read the tag as a version range.
    TagIsRange,
    /// The version's shape belongs to no channel.
    ChannelUnknown,
    /// The version's channel does not go under the tag.
    ChannelMismatch,
    /// The policy publishes under another tag.
    TagNotInPolicy,
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
}

impl RefusalCode {
    /// What kind of rule it is.
    pub fn class(self) -> RefusalClass {
        match self {
            Self::NumberTaken | Self::ProofMismatch => RefusalClass::Integrity,
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
