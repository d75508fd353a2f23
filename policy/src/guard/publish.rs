//! May this version be published under that tag?

use crate::release_policy::NPM_PACKAGE;
use crate::tag::DistTag;
use crate::version::{Channel, ReleaseVersion};

use super::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
use super::plan::{Plan, Rule, Tags, Work};
use super::refusal::{RefusalCode, Refused};
use super::rules::{
    Case, attested_before, channel_allows, never_backwards, next_number, package, tag_of, target, version_of,
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
    /// The tarball's integrity.
    pub integrity: &'a Integrity,
    /// Whether the publication will carry provenance.
    pub provenance: Provenance,
    /// Whether a first version may become `latest` although it is a prerelease.
    pub first_latest: FirstLatest,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
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
    let mut case = Case::default();
    let version = version_of(request.version, &mut case);
    let tag = tag_of(request.tag, &mut case);
    if let (Some(version), Some(tag)) = (&version, &tag) {
        let channel = channel_allows(version, tag, "cargo xtask publish --tag", &mut case);
        policy_wants(request, tag, channel.as_ref(), &mut case);
    }
    let state = package(registry, &mut case);
    let (Some(version), Some(tag), Some(state)) = (version, tag, state) else {
        return Err(case.refused(&RULES));
    };
    let existing = state.and_then(|state| state.versions.get(request.version));
    let (work, notes) = match existing {
        Some(existing) => already_published(request, &version, &tag, existing, state, &mut case),
        None => new_number(request, &version, &tag, state, &mut case),
    };
    let checked = case.close(&RULES)?;
    let tags_before = state.map(|state| state.tags.clone()).unwrap_or_default();
    let tags_after = match work {
        Work::Nothing => tags_before.clone(),
        _ => tags_after(&tags_before, request),
    };
    let (version, tag) = (request.version.to_owned(), request.tag.to_owned());
    Ok(Plan {
        work,
        version,
        tag,
        tags_before,
        tags_after,
        checked,
        notes,
    })
}

/// Rule 2, second half: the policy's tag is the one that stable versions and candidates go under.
fn policy_wants(request: &PublishRequest<'_>, tag: &DistTag, channel: Option<&Channel>, case: &mut Case) {
    let is_branch = matches!(channel, Some(Channel::Branch { .. })) || matches!(tag, DistTag::Branch(_));
    if is_branch || request.policy_tag == request.tag {
        return;
    }
    let reason = format!(
        "release-policy.json publishes under {}, not under {tag}",
        request.policy_tag
    );
    let remedy = match tag {
        DistTag::Latest => format!("cargo xtask promote --from {} --to latest", request.policy_tag),
        _ => format!("cargo xtask publish --tag {}", request.policy_tag),
    };
    case.refuse(RefusalCode::TagNotInPolicy, reason, remedy);
}

/// Rule 4 for a number that the registry has: nothing to do for the same bytes, nothing allowed for others.
fn already_published(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    existing: &VersionFacts,
    state: Option<&PackageState>,
    case: &mut Case,
) -> (Work, Vec<String>) {
    case.checked(Rule::NumberFree);
    match &existing.integrity {
        None => {
            let reason = format!("the registry does not say which bytes {version} has");
            case.refuse(RefusalCode::RegistryInconsistent, reason, next_number(version));
        }
        Some(integrity) if integrity != request.integrity => {
            let reason = format!(
                "{version} is published with other bytes: {integrity} there, {} here",
                request.integrity
            );
            case.refuse(RefusalCode::NumberTaken, reason, next_number(version));
        }
        Some(_) => {}
    }
    case.checked(Rule::NeverBackwards);
    case.checked(Rule::FirstPublish);
    case.checked(Rule::Trust);
    let note = match target(state, &tag.to_string()) {
        Some(current) if current == *version => {
            format!("{version} is published with these bytes, and {tag} points at it")
        }
        Some(current) if current.is_above(version) => {
            format!("{version} is published with these bytes, and {tag} has moved on to {current}")
        }
        _ => {
            let reason = format!("{version} is published with these bytes, but {tag} does not point at it");
            let remedy = match tag {
                DistTag::Latest => "cargo xtask promote --from next --to latest".to_owned(),
                _ => format!("npm dist-tag add {NPM_PACKAGE}@{version} {tag}"),
            };
            case.refuse(RefusalCode::PublishedElsewhere, reason, remedy);
            return (Work::Nothing, Vec::new());
        }
    };
    (Work::Nothing, vec![note])
}

/// Rules 3 to 6 for a number that the registry does not have.
fn new_number(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case,
) -> (Work, Vec<String>) {
    let mut notes = Vec::new();
    never_backwards(version, tag, state, case);
    case.checked(Rule::NumberFree);
    if state.is_some_and(|state| state.burned.contains(request.version)) {
        let reason =
            format!("{version} was published and removed, and a registry never takes a number twice");
        case.refuse(RefusalCode::NumberBurned, reason, next_number(version));
    }
    case.checked(Rule::FirstPublish);
    let is_first = state.is_none_or(|state| state.versions.is_empty());
    if is_first && version.is_prerelease() && request.first_latest == FirstLatest::Refused {
        let reason = format!(
            "{version} would be the first version of {NPM_PACKAGE}: a registry gives that one the tag latest whatever --tag says, \
             so everybody would install a prerelease"
        );
        let remedy = format!(
            "publish a stable version first, or accept it until the first promotion: \
             cargo xtask publish --tag {tag} --accept-first-latest"
        );
        case.refuse(RefusalCode::FirstPublishLatest, reason, remedy);
    } else if is_first && *tag != DistTag::Latest {
        notes.push(format!(
            "{version} is the first version, so the registry gives it the tag latest too"
        ));
    }
    case.checked(Rule::Trust);
    if request.provenance == Provenance::Missing
        && let Some(attested) = attested_before(state, request.version, None)
    {
        if request.trust_downgrade == TrustDowngrade::Refused {
            let reason = format!(
                "{attested} carries provenance and {version} would not: installers that refuse a loss of trust would break"
            );
            let remedy = format!(
                "publish from the release workflow, or accept the loss: \
                 cargo xtask publish --tag {tag} --accept-trust-downgrade"
            );
            case.refuse(RefusalCode::TrustDowngrade, reason, remedy);
        } else {
            notes.push(format!("{version} gives up the provenance that {attested} has"));
        }
    }
    (Work::Publish, notes)
}

/// The tags after publishing: a package without versions gets `latest` beside the tag that was asked for.
fn tags_after(before: &Tags, request: &PublishRequest<'_>) -> Tags {
    let mut after = before.clone();
    after.insert(request.tag.to_owned(), request.version.to_owned());
    after
        .entry("latest".to_owned())
        .or_insert_with(|| request.version.to_owned());
    after
}
