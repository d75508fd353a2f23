//! May this version be published under that tag?

use crate::tag::DistTag;
use crate::version::{Channel, ReleaseVersion};
use ktx_names::NPM_PACKAGE;

use super::commands::Commands;
use super::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
use super::plan::{Plan, Rule, Work};
use super::refusal::{RefusalCode, Refused};
use super::rules::{
    Allowed, Case, attested_before, channel_allows, never_backwards, package, tag_of, target, version_of,
};

/// The rules of publishing, in the order of their numbers.
const RULES: [Rule; 6] = [
    Rule::TagGrammar,
    Rule::Channel,
    Rule::NeverBackwards,
    Rule::NumberFree,
    Rule::FirstPublish,
    Rule::Trust,
];

/// What is to be published, and how.
#[derive(Debug, Clone)]
pub struct PublishRequest<'a> {
    /// The version of the package, as its manifest has it.
    pub version: &'a str,
    /// The dist-tag that was asked for.
    pub tag: &'a str,
    /// `npm.tag` of the release policy.
    pub policy_tag: &'a str,
    /// The tarball's integrity; `None` as long as there is no tarball.
    pub integrity: Option<&'a Integrity>,
    /// Whether the publication will carry provenance.
    pub provenance: Provenance,
    /// Whether a first version may become `latest` although it is a prerelease.
    pub first_latest: FirstLatest,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// Whether a first version may become `latest` although it is a prerelease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLatest {
    /// `--accept-first-latest`
    Accepted,
    /// The default.
    Refused,
}

/// Whether a version without provenance may follow one with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustDowngrade {
    /// `--accept-trust-downgrade`
    Accepted,
    /// The default.
    Refused,
}

/// Judges a publication.
pub fn publish(request: &PublishRequest<'_>, registry: &RegistryState) -> Result<Plan, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    let version = version_of(request.version, &mut case);
    let right = request
        .commands
        .publish(&right_tag(version.as_ref(), request.policy_tag));
    let tag = tag_of(request.tag, &right, &mut case);
    if let (Some(version), Some(tag)) = (&version, &tag) {
        let channel = channel_allows(version, tag, |_| right.clone(), &mut case);
        policy_wants(request, tag, channel.as_ref(), &right, &mut case);
    }
    let state = package(registry, &right, &mut case);
    let (Some(version), Some(tag)) = (version, tag) else {
        return Err(case.refused());
    };
    let is_there = |state: &PackageState| state.versions.contains_key(request.version);
    let is_new = !matches!(registry, RegistryState::Package(state) if is_there(state));
    case.foresee(|tags| {
        if is_new {
            // A package without versions gets `latest` beside the tag that was asked for.
            tags.insert(request.tag.to_owned(), request.version.to_owned());
            tags.entry("latest".to_owned())
                .or_insert_with(|| request.version.to_owned());
        }
    });
    let Some(state) = state else {
        return Err(case.refused());
    };
    let existing = state.and_then(|state| state.versions.get(request.version));
    let (work, notes) = match existing {
        Some(existing) => already_published(request, &version, &tag, existing, state, &mut case),
        None => new_number(request, &version, &tag, state, &mut case),
    };
    let Allowed {
        checked,
        tags_before,
        tags_after,
    } = case.close()?;
    Ok(Plan {
        work,
        version: request.version.to_owned(),
        tag: request.tag.to_owned(),
        tags_before,
        tags_after,
        checked,
        notes,
    })
}

/// The tag that the version goes under: the policy's when the version's channel has it.
fn right_tag(version: Option<&ReleaseVersion>, policy_tag: &str) -> String {
    let tags = version
        .and_then(ReleaseVersion::channel)
        .map(|channel| channel.tags());
    let tags = tags.unwrap_or_else(|| vec![DistTag::Next, DistTag::Latest]);
    let of_policy = tags.iter().find(|tag| tag.to_string() == policy_tag);
    of_policy.unwrap_or(&tags[0]).to_string()
}

/// Rule 2, second half: the policy's tag is the one that stable versions and candidates go under.
fn policy_wants(
    request: &PublishRequest<'_>,
    tag: &DistTag,
    channel: Option<&Channel>,
    right: &str,
    case: &mut Case<'_>,
) {
    let is_branch = matches!(channel, Some(Channel::Branch { .. })) || matches!(tag, DistTag::Branch(_));
    if is_branch || request.policy_tag == request.tag {
        return;
    }
    let reason = format!(
        "release-policy.json publishes under {}, not under {tag}",
        request.policy_tag
    );
    let is_possible = |channel: &Channel| {
        channel
            .tags()
            .iter()
            .any(|tag| tag.to_string() == request.policy_tag)
    };
    let (advice, command) = match channel {
        Some(channel) if !is_possible(channel) => (
            Some("set npm.tag in release-policy.json to the tag of this channel"),
            right.to_owned(),
        ),
        Some(Channel::Stable) if *tag == DistTag::Latest => {
            (None, case.commands.promote(request.policy_tag, "latest"))
        }
        _ => (None, right.to_owned()),
    };
    case.refuse_with(RefusalCode::TagNotInPolicy, reason, advice, command);
}

/// Rule 4 for a number that the registry has: nothing to do for the same bytes, nothing allowed for others.
fn already_published(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    existing: &VersionFacts,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) -> (Work, Vec<String>) {
    let Some(ours) = request.integrity else {
        let reason = format!("{version} is published, and there is no tarball here to compare with it");
        let command = "cargo xtask check".to_owned();
        case.refuse(RefusalCode::NumberUncompared, reason, command);
        return (Work::Nothing, Vec::new());
    };
    for rule in [
        Rule::NumberFree,
        Rule::NeverBackwards,
        Rule::FirstPublish,
        Rule::Trust,
    ] {
        case.checked(rule);
    }
    let next_number = case.commands.next_number(version);
    match &existing.integrity {
        None => {
            let reason = format!("the registry does not say which bytes {version} has");
            case.refuse(RefusalCode::RegistryInconsistent, reason, next_number);
        }
        Some(theirs) if theirs != ours => {
            let reason = format!("{version} is published with other bytes: {theirs} there, {ours} here");
            case.refuse(RefusalCode::NumberTaken, reason, next_number);
        }
        Some(_) => {}
    }
    let current = target(state, &tag.to_string());
    let note = match current {
        Some(current) if current == *version => {
            format!("{version} is published with these bytes, and {tag} points at it")
        }
        Some(current) if current.is_above(version) => {
            format!("{version} is published with these bytes, and {tag} has moved on to {current}")
        }
        _ => {
            // With other bytes, or where the version may not go, there is nothing to move the tag to.
            if case.is_clean() {
                tag_is_missing(version, tag, state, case);
            }
            return (Work::Nothing, Vec::new());
        }
    };
    (Work::Nothing, vec![note])
}

/// The version is there, and only the tag is not.
fn tag_is_missing(
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) {
    let reason = format!("{version} is published with these bytes, but {tag} does not point at it");
    let is_on_next = target(state, "next").as_ref() == Some(version);
    let command = if *tag == DistTag::Latest && is_on_next {
        case.commands.promote("next", "latest")
    } else {
        case.commands.add_tag(version, tag)
    };
    case.refuse(RefusalCode::PublishedElsewhere, reason, command);
}

/// Rules 3 to 6 for a number that the registry does not have.
fn new_number(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) -> (Work, Vec<String>) {
    let mut notes = Vec::new();
    never_backwards(version, tag, state, case);
    case.checked(Rule::NumberFree);
    if state.is_some_and(|state| state.burned.contains(request.version)) {
        let reason =
            format!("{version} was published and removed, and a registry never takes a number twice");
        let command = case.commands.next_number(version);
        case.refuse(RefusalCode::NumberBurned, reason, command);
    }
    notes.extend(first_becomes_latest(request, version, tag, state, case));
    notes.extend(keeps_trust(request, version, tag, state, case));
    (Work::Publish, notes)
}

/// Rule 5.
fn first_becomes_latest(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) -> Option<String> {
    case.checked(Rule::FirstPublish);
    let is_first = state.is_none_or(|state| state.versions.is_empty());
    if !is_first {
        return None;
    }
    if version.is_prerelease() && request.first_latest == FirstLatest::Refused {
        let reason = format!(
            "{version} would be the first version of {NPM_PACKAGE}: a registry gives that one the tag latest whatever --tag says, \
             so everybody would install a prerelease"
        );
        let advice = "publish a stable version first, or accept it until the first promotion";
        let command = case.commands.publish(&format!("{tag} --accept-first-latest"));
        case.refuse_with(RefusalCode::FirstPublishLatest, reason, Some(advice), command);
        return None;
    }
    (*tag != DistTag::Latest)
        .then(|| format!("{version} is the first version, so the registry gives it the tag latest too"))
}

/// Rule 6.
fn keeps_trust(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) -> Option<String> {
    case.checked(Rule::Trust);
    if request.provenance == Provenance::Attested {
        return None;
    }
    let attested = attested_before(state, request.version, None)?;
    if request.trust_downgrade == TrustDowngrade::Accepted {
        return Some(format!("{version} gives up the provenance that {attested} has"));
    }
    let reason = format!(
        "{attested} carries provenance and {version} would not: installers that refuse a loss of trust would break"
    );
    let advice = "publish from the release workflow, or accept the loss";
    let command = case.commands.publish(&format!("{tag} --accept-trust-downgrade"));
    case.refuse_with(RefusalCode::TrustDowngrade, reason, Some(advice), command);
    None
}
