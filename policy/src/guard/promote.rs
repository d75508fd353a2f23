//! May the version under one tag be put under another?

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::case::Case;
use super::commands::Commands;
use super::decision::{Decision, Rule, Work};
use super::facts::{Integrity, PackageState, Provenance, RegistryState, VersionFacts};
use super::refusal::{NextStep, RefusalCode, Refused};
use super::request::TrustDowngrade;
use super::rules::{attested_before, channel_allows, never_backwards, package, tag_of, target};

/// The rules of promoting, in order.
const RULES: [Rule; 8] = [
    Rule::TagGrammar,
    Rule::RegistryFacts,
    Rule::Source,
    Rule::Channel,
    Rule::NeverBackwards,
    Rule::Available,
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
    /// What the version's provenance is worth.
    pub provenance: ProvenanceVerdict,
    /// Whether provenance may be lost.
    pub trust_downgrade: TrustDowngrade,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// What the provenance of a version is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvenanceVerdict {
    /// The policy does not ask for it.
    NotRequired,
    /// It is that of the release workflow, at the commit that the package names.
    Verified,
    /// There is none; what was looked for.
    Missing(String),
    /// It proves nothing; why.
    Refused(String),
}

/// What a green smoke of the package from the registry used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedProof {
    /// The bytes that the registry serves now.
    Served {
        /// The version that was installed.
        version: String,
        /// The integrity of the tarball that was installed.
        integrity: Integrity,
    },
    /// This version with other bytes than the registry serves now.
    OtherBytes {
        /// The version that was installed.
        version: String,
    },
}

/// Judges a promotion.
pub fn promote(request: &PromoteRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    judge(request, registry).map_err(|mut refused| {
        if let Some(next) = accepted(request, registry) {
            refused.next = Box::new(next);
        }
        refused
    })
}

/// Only `next` holds stable versions that wait, and only `latest` is where they wait to go.
fn accepted(request: &PromoteRequest<'_>, registry: &RegistryState) -> Option<NextStep> {
    [request.trust_downgrade, TrustDowngrade::Accepted]
        .into_iter()
        .find_map(|trust_downgrade| {
            let other = PromoteRequest {
                from: "next",
                to: "latest",
                trust_downgrade,
                ..request.clone()
            };
            let decision = judge(&other, registry).ok()?;
            let advice = (trust_downgrade != request.trust_downgrade)
                .then(|| "publish the next number from the release workflow, or accept the loss".to_owned());
            (decision.work != Work::Nothing).then(|| NextStep {
                advice,
                command: command(&other),
            })
        })
}

fn command(request: &PromoteRequest<'_>) -> String {
    let flag = match request.trust_downgrade {
        TrustDowngrade::Accepted => " --accept-trust-downgrade",
        TrustDowngrade::Refused => "",
    };
    request
        .commands
        .promote(request.from, &format!("{}{flag}", request.to))
}

fn judge(request: &PromoteRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    let from = tag_of(request.from, &mut case);
    let to = tag_of(request.to, &mut case);
    if request.from == request.to {
        let reason = format!("the version is on {} already", request.from);
        let way_out = NextStep::run(case.commands.list_tags());
        case.refuse(Rule::TagGrammar, RefusalCode::SameTag, reason, way_out);
    }
    let again = || command(request);
    let state = package(registry, again, &mut case);
    let (Some(from), Some(to), Some(state)) = (from, to, state) else {
        return Err(case.refused());
    };
    case.checked(Rule::Source);
    let Some((state, version)) = state.and_then(|state| Some((state, target(Some(state), request.from)?)))
    else {
        let reason = format!("no version of the package is on {from}");
        let way_out = NextStep::run(case.commands.list_tags());
        case.refuse(Rule::Source, RefusalCode::TagMissing, reason, way_out);
        return Err(case.refused());
    };
    case.foresee(|tags| drop(tags.insert(request.to.to_owned(), version.to_string())));
    let name = version.to_string();
    if target(Some(state), request.to).as_ref() == Some(&version) {
        for rule in RULES {
            case.skipped(rule, "it is done already");
        }
        let note = format!("{to} points at {version} already");
        return case.close(Work::Nothing, &name, request.to, vec![note]);
    }
    channel(&version, &to, &mut case);
    never_backwards(&version, &to, Some(state), &mut case);
    if let Some(facts) = state.versions.get(&name) {
        is_available(&version, facts, &mut case);
        keeps_trust(request, &version, facts, state, &mut case);
        comes_from_here(request, &version, &mut case);
        is_proven(request, &version, facts, &mut case);
    }
    case.close(Work::MoveTag, &name, request.to, Vec::new())
}

/// Only stable versions are promoted, and lanes take only what is published to them.
fn channel(version: &ReleaseVersion, to: &DistTag, case: &mut Case<'_>) {
    let mut refuse = |code, reason| {
        let way_out = NextStep::run(case.commands.next("stable"));
        case.refuse(Rule::Channel, code, reason, way_out);
    };
    match to {
        DistTag::Latest if version.is_prerelease() => {
            let reason = format!("{version} is a prerelease, and only stable versions are promoted");
            refuse(RefusalCode::PrereleaseLatest, reason);
        }
        _ if version.is_prerelease() => {
            let reason = format!("{version} is a prerelease, and only stable versions are promoted");
            refuse(RefusalCode::ChannelMismatch, reason);
        }
        DistTag::Release(_) => {
            let reason = format!("versions are published under {to}, not promoted to it");
            refuse(RefusalCode::ChannelMismatch, reason);
        }
        _ => drop(channel_allows(version, to, case)),
    }
}

fn is_available(version: &ReleaseVersion, facts: &VersionFacts, case: &mut Case<'_>) {
    case.checked(Rule::Available);
    if let Some(message) = &facts.deprecated {
        let reason = format!("{version} is deprecated: {message}");
        let way_out = NextStep::run(case.commands.next_number(version));
        case.refuse(Rule::Available, RefusalCode::Deprecated, reason, way_out);
    }
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
        let way_out = NextStep::after(
            "publish the next number from the release workflow",
            case.commands.next_number(version),
        );
        case.refuse(Rule::Trust, RefusalCode::TrustDowngrade, reason, way_out);
    }
}

/// A missing provenance is a matter of the policy; a wrong one means that somebody else built the version.
fn comes_from_here(request: &PromoteRequest<'_>, version: &ReleaseVersion, case: &mut Case<'_>) {
    let (code, reason) = match &request.provenance {
        ProvenanceVerdict::NotRequired | ProvenanceVerdict::Verified => return,
        ProvenanceVerdict::Missing(cause) => (RefusalCode::ProvenanceMissing, cause),
        ProvenanceVerdict::Refused(cause) => (RefusalCode::ProvenanceRefused, cause),
    };
    let reason = format!("the provenance of {version} is not that of the release workflow: {reason}");
    let way_out = NextStep::after(
        "find out who published it, and publish the next number from the release workflow",
        case.commands.next_number(version),
    );
    case.refuse(Rule::Trust, code, reason, way_out);
}

fn is_proven(
    request: &PromoteRequest<'_>,
    version: &ReleaseVersion,
    facts: &VersionFacts,
    case: &mut Case<'_>,
) {
    case.checked(Rule::Proven);
    let own = version.to_string();
    let (code, reason) = match &request.proof {
        Some(PublishedProof::Served { version, integrity }) if *version == own => {
            if facts.integrity.as_ref() == Some(integrity) {
                return;
            }
            let reason = format!("the registry serves other bytes for {own} than it announces");
            (RefusalCode::ProofMismatch, reason)
        }
        Some(PublishedProof::OtherBytes { version }) if *version == own => {
            let reason = format!("the smoke of {own} used other bytes than the registry serves now");
            (RefusalCode::ProofMismatch, reason)
        }
        Some(PublishedProof::Served { version, .. } | PublishedProof::OtherBytes { version }) => {
            let reason = format!("the smoke from the registry was of {version}, not of {own}");
            (RefusalCode::NotProven, reason)
        }
        None => {
            let reason =
                format!("no green smoke report says that {own} works when it comes from the registry");
            (RefusalCode::NotProven, reason)
        }
    };
    let way_out = NextStep::run(case.commands.smoke(version));
    case.refuse(Rule::Proven, code, reason, way_out);
}
