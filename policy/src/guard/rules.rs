//! The rules that more than one judgement needs. Each adds what it finds to the case and decides nothing.

use crate::tag::DistTag;
use crate::version::{Channel, Lane, ReleaseVersion};

use super::case::Case;
use super::decision::Rule;
use super::facts::{PackageState, Provenance, RegistryState};
use super::refusal::{NextStep, RefusalCode};

/// The version's own grammar, which is part of the rule about channels.
pub(super) fn version_of(text: &str, case: &mut Case<'_>) -> Option<ReleaseVersion> {
    text.parse()
        .inspect_err(|error: &crate::InvalidVersion| {
            let advice = "a version is X.Y.Z, X.Y.Z-rc.N or X.Y.Z-<branch>.N";
            let way_out = NextStep::after(advice, case.commands.next("rc"));
            case.refuse(
                Rule::Channel,
                RefusalCode::VersionInvalid,
                error.to_string(),
                way_out,
            );
        })
        .ok()
}

/// The tag's grammar.
pub(super) fn tag_of(text: &str, case: &mut Case<'_>) -> Option<DistTag> {
    case.checked(Rule::TagGrammar);
    text.parse()
        .inspect_err(|error: &crate::InvalidTag| {
            let advice = "a tag is next, latest, release-X.Y or branch-<name>";
            let way_out = NextStep::after(advice, case.commands.list_tags());
            let (code, reason) = if error.reads_as_range() {
                let reason =
                    format!("{error} (npm reads it as a version range, so nobody could install the tag)");
                (RefusalCode::TagIsRange, reason)
            } else {
                (RefusalCode::TagInvalid, error.to_string())
            };
            case.refuse(Rule::TagGrammar, code, reason, way_out);
        })
        .ok()
}

/// Half of the rule about channels: the version's channel goes under the tag.
pub(super) fn channel_allows(
    version: &ReleaseVersion,
    tag: &DistTag,
    case: &mut Case<'_>,
) -> Option<Channel> {
    case.checked(Rule::Channel);
    let mut refuse = |code, reason| {
        let way_out = NextStep::run(case.commands.next_number(version));
        case.refuse(Rule::Channel, code, reason, way_out);
    };
    let Some(channel) = version.channel() else {
        let reason = format!(
            "{version} belongs to no channel: X.Y.Z is stable, X.Y.Z-rc.N a release candidate, X.Y.Z-<slug>.N of a branch"
        );
        refuse(RefusalCode::ChannelUnknown, reason);
        return None;
    };
    let tags = DistTag::of(version);
    if *tag == DistTag::Latest && version.is_prerelease() {
        let reason = format!("{version} is a prerelease, and latest is what everybody installs");
        refuse(RefusalCode::PrereleaseLatest, reason);
    } else if !tags.contains(tag) {
        let names: Vec<String> = tags.iter().map(ToString::to_string).collect();
        let reason = format!(
            "{version} is a {channel} and goes under {}, not under {tag}",
            names.join(" or ")
        );
        refuse(RefusalCode::ChannelMismatch, reason);
    }
    Some(channel)
}

/// What the registry says about the package, nothing guessed; the inner option is `None` when it has none. `again` is
/// the command to repeat when the registry answers.
pub(super) fn package<'state>(
    registry: &'state RegistryState,
    again: impl FnOnce() -> String,
    case: &mut Case<'_>,
) -> Option<Option<&'state PackageState>> {
    match registry {
        RegistryState::Unknown(cause) => {
            let reason = format!("the registry's facts are not known: {cause}");
            let way_out = NextStep::after("when the registry answers", again());
            case.refuse(Rule::RegistryFacts, RefusalCode::RegistryUnknown, reason, way_out);
            None
        }
        RegistryState::NoPackage => {
            case.checked_by(Rule::RegistryFacts, "it does not have the package");
            Some(None)
        }
        RegistryState::Package(package) => consistent(package, case).then_some(Some(package)),
    }
}

/// Tags point at versions that exist, and a package with versions has a `latest`: npm keeps both always true.
fn consistent(package: &PackageState, case: &mut Case<'_>) -> bool {
    case.checked(Rule::RegistryFacts);
    let mut problems: Vec<String> = Vec::new();
    for (tag, target) in &package.tags {
        if target.parse::<ReleaseVersion>().is_err() || !package.versions.contains_key(target) {
            problems.push(format!(
                "the registry's tag {tag} points at {target}, which it does not have"
            ));
        }
    }
    if !package.versions.is_empty() && !package.tags.contains_key("latest") {
        problems.push("the registry has versions of the package but no tag latest".to_owned());
    }
    for problem in &problems {
        let advice = "repair the registry's tags before going on; this lists them";
        let way_out = NextStep::after(advice, case.commands.list_tags());
        case.refuse(
            Rule::RegistryFacts,
            RefusalCode::RegistryInconsistent,
            problem,
            way_out,
        );
    }
    problems.is_empty()
}

/// What a tag points at.
pub(super) fn target(package: Option<&PackageState>, tag: &str) -> Option<ReleaseVersion> {
    package?.tags.get(tag)?.parse().ok()
}

/// The versions above `version` that go under `tag` too and are not deprecated.
pub(super) fn above<'state>(
    package: &'state PackageState,
    version: &'state ReleaseVersion,
    tag: &'state DistTag,
) -> impl Iterator<Item = ReleaseVersion> + 'state {
    let offered = package
        .versions
        .iter()
        .filter(|(_, facts)| facts.deprecated.is_none());
    offered
        .filter_map(|(name, _)| name.parse::<ReleaseVersion>().ok())
        .filter(move |other| other.is_above(version) && DistTag::of(other).contains(tag))
}

/// The tag only moves up, `next` stays above `latest`, and a lane stays within its own line, below the main one.
pub(super) fn never_backwards(
    version: &ReleaseVersion,
    tag: &DistTag,
    package: Option<&PackageState>,
    case: &mut Case<'_>,
) {
    case.checked(Rule::NeverBackwards);
    for (code, reason) in backwards(version, tag, package) {
        let way_out = NextStep::run(case.commands.next_number(version));
        case.refuse(Rule::NeverBackwards, code, reason, way_out);
    }
}

/// Everything in which the version is too low, or for a lane too high, for the tag.
pub(super) fn backwards(
    version: &ReleaseVersion,
    tag: &DistTag,
    package: Option<&PackageState>,
) -> Vec<(RefusalCode, String)> {
    let mut reasons = Vec::new();
    if let Some(current) = target(package, &tag.to_string()).filter(|current| !version.is_above(current)) {
        let reason = format!("{tag} points at {current}, and {version} is not above it");
        reasons.push((RefusalCode::TagBackwards, reason));
    }
    if *tag == DistTag::Next
        && let Some(latest) = target(package, "latest").filter(|latest| !version.is_above(latest))
    {
        let reason = format!("latest is {latest}, and {version} is not above it");
        reasons.push((RefusalCode::BelowLatest, reason));
    }
    if let (DistTag::Release(lane), true, Some(package)) = (tag, reasons.is_empty(), package) {
        let numbers = package.versions.keys().chain(&package.burned);
        let in_lane = numbers.filter_map(|name| name.parse::<ReleaseVersion>().ok());
        let in_lane = in_lane.filter(|other| {
            let is_branch = matches!(other.channel(), Some(Channel::Branch { .. }));
            Lane::of(other) == *lane && !is_branch
        });
        let own = version.to_string();
        let others = in_lane.filter(|other| other.to_string() != own);
        if let Some(highest) = others
            .max_by(|one, other| one.precedence(other))
            .filter(|highest| !version.is_above(highest))
        {
            let reason = format!("{highest} has been published, and {version} is not above it");
            reasons.push((RefusalCode::TagBackwards, reason));
        }
    }
    reasons
}

/// Whether a version with provenance was published before `published_at`. Without a time on either side it counts as
/// before.
pub(super) fn attested_before<'state>(
    package: Option<&'state PackageState>,
    version: &str,
    published_at: Option<&str>,
) -> Option<&'state str> {
    let is_before = |other: Option<&str>| match (other, published_at) {
        // RFC 3339 in UTC, as registries write it, sorts as text.
        (Some(other), Some(published_at)) => other < published_at,
        _ => true,
    };
    package?
        .versions
        .iter()
        .filter(|(name, facts)| name.as_str() != version && facts.provenance == Provenance::Attested)
        .find(|(_, facts)| is_before(facts.published_at.as_deref()))
        .map(|(name, _)| name.as_str())
}
