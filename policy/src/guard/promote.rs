//! May the version under one tag be put under another?

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::commands::Commands;
use super::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
use super::plan::{Plan, Rule, Work};
use super::publish::TrustDowngrade;
use super::refusal::{RefusalCode, Refused};
use super::rules::{
    Allowed, Case, attested_before, channel_allows, never_backwards, package, tag_of, target,
};

/// The rules of promoting.
const RULES: [Rule; 5] = [
    Rule::TagGrammar,
    Rule::Channel,
    Rule::NeverBackwards,
    Rule::Trust,
    Rule::Proven,
];

/// What is to be promoted.
#[derive(Debug, Clone)]
pub struct PromoteRequest<'a> {
    /// The tag that points at the version.
    pub from: &'a str,
    /// The tag that is to point at it.
    pub to: &'a str,
    /// What the smoke of the published package proved, when there is a green report of one.
    pub proof: Option<PublishedProof>,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// What a green smoke of the package from the registry used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedProof {
    /// The version that was installed.
    pub version: String,
    /// The integrity of the tarball that was installed.
    pub integrity: Integrity,
}

/// Judges a promotion.
pub fn promote(request: &PromoteRequest<'_>, registry: &RegistryState) -> Result<Plan, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    // Only `next` holds stable versions that wait, and only `latest` is where they wait to go.
    let right = request.commands.promote("next", "latest");
    let from = tag_of(request.from, &right, &mut case);
    let to = tag_of(request.to, &right, &mut case);
    if request.from == request.to {
        let reason = format!("the version is on {} already", request.from);
        case.refuse(RefusalCode::SameTag, reason, right.clone());
    }
    let state = package(registry, &right, &mut case);
    let (Some(from), Some(to), Some(state)) = (from, to, state) else {
        return Err(case.refused());
    };
    let Some((state, version)) = state.and_then(|state| Some((state, target(Some(state), request.from)?)))
    else {
        let reason = format!("no version of the package is on {from}");
        let command = request.commands.publish(request.from);
        case.refuse(RefusalCode::TagMissing, reason, command);
        return Err(case.refused());
    };
    case.foresee(|tags| drop(tags.insert(request.to.to_owned(), version.to_string())));
    let is_there = target(Some(state), request.to).as_ref() == Some(&version);
    if !is_there {
        judge(request, &version, &to, state, &mut case);
    }
    let Allowed {
        checked,
        tags_before,
        tags_after,
    } = case.close()?;
    let notes = is_there.then(|| format!("{to} points at {version} already"));
    Ok(Plan {
        work: if is_there { Work::Nothing } else { Work::MoveTag },
        version: version.to_string(),
        tag: request.to.to_owned(),
        tags_before,
        tags_after,
        checked,
        notes: notes.into_iter().collect(),
    })
}

/// Rule 8: stable, not withdrawn, proven, and rules 3 and 6.
fn judge(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    to: &DistTag,
    state: &PackageState,
    case: &mut Case<'_>,
) {
    if version.is_prerelease() {
        case.checked(Rule::Channel);
        let reason = format!("{version} is a prerelease, and only stable versions are promoted");
        let code = match to {
            DistTag::Latest => RefusalCode::PrereleaseLatest,
            _ => RefusalCode::ChannelMismatch,
        };
        let command = case.commands.next("stable");
        case.refuse(code, reason, command);
    } else {
        let right = case.commands.promote("next", "latest");
        channel_allows(version, to, |_| right, case);
    }
    never_backwards(version, to, Some(state), case);
    let Some(facts) = state.versions.get(&version.to_string()) else {
        return;
    };
    if let Some(message) = &facts.deprecated {
        let reason = format!("{version} is deprecated: {message}");
        let command = case.commands.next_number(version);
        case.refuse(RefusalCode::Deprecated, reason, command);
    }
    keeps_trust(request, version, facts, state, case);
    is_proven(request, version, facts, case);
}

fn keeps_trust(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    facts: &VersionFacts,
    state: &PackageState,
    case: &mut Case<'_>,
) {
    case.checked(Rule::Trust);
    if facts.provenance == Provenance::Attested || request.trust_downgrade == TrustDowngrade::Accepted {
        return;
    }
    if let Some(attested) = attested_before(Some(state), &version.to_string(), facts.published_at.as_deref())
    {
        let reason = format!(
            "{attested} carries provenance and {version}, published after it, does not: installers that refuse a loss of trust would break"
        );
        let advice = "publish the next number from the release workflow, or accept the loss";
        let to = format!("{} --accept-trust-downgrade", request.to);
        let command = case.commands.promote(request.from, &to);
        case.refuse_with(RefusalCode::TrustDowngrade, reason, Some(advice), command);
    }
}

fn is_proven(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    facts: &VersionFacts,
    case: &mut Case<'_>,
) {
    case.checked(Rule::Proven);
    let (code, reason) = match &request.proof {
        Some(proof) if proof.version == version.to_string() => {
            if facts.integrity.as_ref() == Some(&proof.integrity) {
                return;
            }
            let reason = format!("the smoke of {version} used other bytes than the registry serves now");
            (RefusalCode::ProofMismatch, reason)
        }
        Some(proof) => {
            let reason = format!(
                "the smoke from the registry was of {}, not of {version}",
                proof.version
            );
            (RefusalCode::NotProven, reason)
        }
        None => {
            let reason =
                format!("no green smoke report says that {version} works when it comes from the registry");
            (RefusalCode::NotProven, reason)
        }
    };
    let command = case.commands.smoke(version);
    case.refuse(code, reason, command);
}
