//! May this version be published under that tag?

use ktx_names::NPM_PACKAGE;

use crate::tag::DistTag;
use crate::version::{Channel, Lane, ReleaseVersion};

use super::case::Case;
use super::decision::{Decision, Rule, Work};
use super::existing::already_published;
use super::facts::{PackageState, Provenance, RegistryState};
use super::lanes::{is_left_behind, lane_is_needed};
use super::refusal::{NextStep, RefusalCode, Refused};
use super::request::{FirstLatest, PublishRequest, TrustDowngrade};
use super::rules::{attested_before, channel_allows, never_backwards, package, tag_of, version_of};

/// The rules of publishing, in order.
const RULES: [Rule; 7] = [
    Rule::TagGrammar,
    Rule::Channel,
    Rule::RegistryFacts,
    Rule::NumberFree,
    Rule::NeverBackwards,
    Rule::FirstPublish,
    Rule::Trust,
];

/// Judges a publication.
pub fn publish(request: &PublishRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    judge(request, registry).map_err(|mut refused| {
        let tag = right_tag(request, registry);
        let other = PublishRequest {
            tag: &tag,
            ..request.clone()
        };
        match (accepted(request, registry), judge(&other, registry)) {
            (Some(next), _) => refused.next = Box::new(next),
            // What is left when the tag is right.
            (None, Err(left)) => refused.next = left.next,
            (None, Ok(_)) => {}
        }
        refused
    })
}

/// The same publication under the right tag, with as few acceptances as it takes, when the guard accepts it.
fn accepted(request: &PublishRequest<'_>, registry: &RegistryState) -> Option<NextStep> {
    let tag = right_tag(request, registry);
    let first = (FirstLatest::Accepted, TrustDowngrade::Accepted);
    let flags = [
        (request.first_latest, request.trust_downgrade),
        (first.0, request.trust_downgrade),
        (request.first_latest, first.1),
        first,
    ];
    flags.into_iter().find_map(|(first_latest, trust_downgrade)| {
        let other = PublishRequest {
            tag: &tag,
            first_latest,
            trust_downgrade,
            ..request.clone()
        };
        let decision = judge(&other, registry).ok()?;
        (decision.work != Work::Nothing).then(|| step(&other, request))
    })
}

/// The command for `other`, after what it accepts beyond `request`.
fn step(other: &PublishRequest<'_>, request: &PublishRequest<'_>) -> NextStep {
    let mut advice = Vec::new();
    if other.first_latest != request.first_latest {
        advice.push("publish a stable version first, or accept it until the first promotion");
    }
    if other.trust_downgrade != request.trust_downgrade {
        advice.push("publish from the release workflow, or accept the loss of provenance");
    }
    NextStep {
        advice: (!advice.is_empty()).then(|| advice.join("; ")),
        command: command(other),
    }
}

fn command(request: &PublishRequest<'_>) -> String {
    let mut words = request.tag.to_owned();
    if request.first_latest == FirstLatest::Accepted {
        words.push_str(" --accept-first-latest");
    }
    if request.trust_downgrade == TrustDowngrade::Accepted {
        words.push_str(" --accept-trust-downgrade");
    }
    request.commands.publish(&words)
}

/// The tag that the version goes under: its lane's when the main line has left it behind, else the policy's when its
/// channel has that one.
fn right_tag(request: &PublishRequest<'_>, registry: &RegistryState) -> String {
    let Ok(version) = request.version.parse::<ReleaseVersion>() else {
        return request.policy_tag.to_owned();
    };
    let lane = Lane::of(&version);
    let is_stable = matches!(version.channel(), Some(Channel::Stable));
    if let RegistryState::Package(state) = registry
        && is_stable
        && request.lanes.contains(&lane)
        && is_left_behind(&version, request.policy_tag, state)
    {
        return DistTag::Release(lane).to_string();
    }
    let tags = DistTag::of(&version);
    let of_policy = tags.iter().find(|tag| tag.to_string() == request.policy_tag);
    of_policy
        .or(tags.first())
        .map_or_else(|| request.policy_tag.to_owned(), ToString::to_string)
}

fn judge(request: &PublishRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    let version = version_of(request.version, &mut case);
    let tag = tag_of(request.tag, &mut case);
    if let (Some(version), Some(tag)) = (&version, &tag) {
        let channel = channel_allows(version, tag, &mut case);
        policy_has(request, tag, channel.as_ref(), &mut case);
    }
    let again = || {
        let tag = right_tag(request, registry);
        command(&PublishRequest {
            tag: &tag,
            ..request.clone()
        })
    };
    let state = package(registry, again, &mut case);
    let (Some(version), Some(tag)) = (version, tag) else {
        return Err(case.refused());
    };
    case.foresee(|tags| {
        // A package without versions gets `latest` beside the requested tag.
        tags.insert(request.tag.to_owned(), request.version.to_owned());
        tags.entry("latest".to_owned())
            .or_insert_with(|| request.version.to_owned());
    });
    let Some(state) = state else {
        return Err(case.refused());
    };
    let existing = state.and_then(|state| Some((state, state.versions.get(request.version)?)));
    let (work, notes) = match existing {
        Some((state, existing)) => already_published(request, &version, &tag, existing, state, &mut case),
        None => (
            Work::Publish,
            new_number(request, &version, &tag, state, &mut case),
        ),
    };
    if work == Work::Nothing {
        case.foresee(|_| {});
    }
    case.close(work, request.version, request.tag, notes)
}

/// The other half of the rule about channels: the policy has one tag for stable versions and candidates, and lists the
/// lanes.
fn policy_has(request: &PublishRequest<'_>, tag: &DistTag, channel: Option<&Channel>, case: &mut Case<'_>) {
    let (advice, reason) = match tag {
        DistTag::Release(lane) if request.lanes.contains(lane) => return,
        DistTag::Release(lane) => (
            format!("add \"{lane}\" to npm.lanes in release-policy.json, prove the release again, then"),
            format!("release-policy.json lists no lane {lane}"),
        ),
        _ if matches!(channel, Some(Channel::Branch { .. })) => return,
        DistTag::Branch(_) => return,
        _ if request.policy_tag == request.tag => return,
        _ => (
            "set npm.tag in release-policy.json to the tag of this channel".to_owned(),
            format!(
                "release-policy.json publishes under {}, not under {tag}",
                request.policy_tag
            ),
        ),
    };
    let way_out = NextStep::after(advice, "cargo xtask readiness");
    case.refuse(Rule::Channel, RefusalCode::TagNotInPolicy, reason, way_out);
}

/// The rules for a number that the registry does not have.
fn new_number(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    case.checked(Rule::NumberFree);
    if state.is_some_and(|state| state.burned.contains(request.version)) {
        let reason =
            format!("{version} was published and removed, and a registry never takes a number twice");
        let way_out = NextStep::run(case.commands.next_number(version));
        case.refuse(Rule::NumberFree, RefusalCode::NumberBurned, reason, way_out);
    }
    never_backwards(version, tag, state, case);
    lane_is_needed(request, version, tag, state, case);
    notes.extend(first_becomes_latest(request, version, tag, state, case));
    notes.extend(keeps_trust(request, version, state, case));
    notes
}

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
        let way_out = NextStep::after("publish a stable version first", case.commands.next("stable"));
        case.refuse(
            Rule::FirstPublish,
            RefusalCode::FirstPublishLatest,
            reason,
            way_out,
        );
        return None;
    }
    (*tag != DistTag::Latest)
        .then(|| format!("{version} is the first version, so the registry gives it the tag latest too"))
}

fn keeps_trust(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
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
    let way_out = NextStep::after("publish from the release workflow", "cargo xtask readiness");
    case.refuse(Rule::Trust, RefusalCode::TrustDowngrade, reason, way_out);
    None
}
