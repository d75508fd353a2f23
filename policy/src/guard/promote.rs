//! May the version under one tag be put under another?

use crate::release_policy::NPM_PACKAGE;
use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
use super::plan::{Plan, Rule, Work};
use super::publish::TrustDowngrade;
use super::refusal::{RefusalCode, Refused};
use super::rules::{
    Case, attested_before, channel_allows, never_backwards, next_number, package, tag_of, target,
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
    let mut case = Case::default();
    let from = tag_of(request.from, &mut case);
    let to = tag_of(request.to, &mut case);
    if request.from == request.to {
        let reason = format!("the version is on {} already", request.from);
        case.refuse(
            RefusalCode::SameTag,
            reason,
            "cargo xtask promote --from next --to latest",
        );
    }
    let state = package(registry, &mut case);
    let (Some(from), Some(to), Some(state)) = (from, to, state) else {
        return Err(case.refused(&RULES));
    };
    let Some((state, version)) = state.and_then(|state| Some((state, target(Some(state), request.from)?)))
    else {
        let reason = format!("no version of the package is on {from}");
        case.refuse(
            RefusalCode::TagMissing,
            reason,
            format!("cargo xtask publish --tag {from}"),
        );
        return Err(case.refused(&RULES));
    };
    let is_there = target(Some(state), request.to).as_ref() == Some(&version);
    if !is_there {
        judge(request, &version, &to, state, &mut case);
    }
    let checked = case.close(&RULES)?;
    let mut tags_after = state.tags.clone();
    tags_after.insert(request.to.to_owned(), version.to_string());
    Ok(Plan {
        work: if is_there { Work::Nothing } else { Work::MoveTag },
        version: version.to_string(),
        tag: request.to.to_owned(),
        tags_before: state.tags.clone(),
        tags_after,
        checked,
        notes: if is_there {
            vec![format!("{to} points at {version} already")]
        } else {
            Vec::new()
        },
    })
}

/// Rule 8: stable, not withdrawn, proven, and rules 3 and 6.
fn judge(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    to: &DistTag,
    state: &PackageState,
    case: &mut Case,
) {
    if version.is_prerelease() {
        case.checked(Rule::Channel);
        let reason = format!("{version} is a prerelease, and only stable versions are promoted");
        let code = match to {
            DistTag::Latest => RefusalCode::PrereleaseLatest,
            _ => RefusalCode::ChannelMismatch,
        };
        case.refuse(code, reason, "cargo xtask version next --channel stable");
    } else {
        channel_allows(version, to, "cargo xtask promote --from next --to", case);
    }
    never_backwards(version, to, Some(state), case);
    let Some(facts) = state.versions.get(&version.to_string()) else {
        return;
    };
    if let Some(message) = &facts.deprecated {
        let reason = format!("{version} is deprecated: {message}");
        case.refuse(RefusalCode::Deprecated, reason, next_number(version));
    }
    keeps_trust(request, version, facts, state, case);
    is_proven(request, version, facts, case);
}

fn keeps_trust(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    facts: &VersionFacts,
    state: &PackageState,
    case: &mut Case,
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
        let remedy = format!(
            "publish it anew from the release workflow, or accept the loss: \
             cargo xtask promote --from {} --to {} --accept-trust-downgrade",
            request.from, request.to
        );
        case.refuse(RefusalCode::TrustDowngrade, reason, remedy);
    }
}

fn is_proven(request: &PromoteRequest<'_>, version: &ReleaseVersion, facts: &VersionFacts, case: &mut Case) {
    case.checked(Rule::Proven);
    let smoke = format!("cargo xtask smoke --registry URL --package {NPM_PACKAGE}@{version}");
    match &request.proof {
        Some(proof) if proof.version == version.to_string() => {
            if facts.integrity.as_ref() != Some(&proof.integrity) {
                let reason = format!("the smoke of {version} used other bytes than the registry serves now");
                case.refuse(RefusalCode::ProofMismatch, reason, smoke);
            }
        }
        Some(proof) => {
            let reason = format!(
                "the smoke from the registry was of {}, not of {version}",
                proof.version
            );
            case.refuse(RefusalCode::NotProven, reason, smoke);
        }
        None => {
            let reason =
                format!("no green smoke report says that {version} works when it comes from the registry");
            case.refuse(RefusalCode::NotProven, reason, smoke);
        }
    }
}
