//! May a number be published that the registry has already?

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::case::Case;
use super::decision::{Rule, Work};
use super::facts::{PackageState, VersionFacts};
use super::lanes::lane_is_needed;
use super::refusal::{NextStep, RefusalCode};
use super::request::PublishRequest;
use super::rules::{above, backwards, never_backwards, target};

/// Nothing to do for the same bytes but perhaps to move the tag, nothing allowed for others.
pub(super) fn already_published(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    existing: &VersionFacts,
    state: &PackageState,
    case: &mut Case<'_>,
) -> (Work, Vec<String>) {
    let Some(ours) = request.integrity else {
        let reason = format!("{version} is published, and there is no tarball here to compare with it");
        let way_out = NextStep::run("cargo xtask check");
        case.refuse(Rule::NumberFree, RefusalCode::NumberUncompared, reason, way_out);
        return (Work::Nothing, Vec::new());
    };
    case.checked_by(Rule::NumberFree, "published with these bytes");
    let next_number = NextStep::run(case.commands.next_number(version));
    match &existing.integrity {
        None => {
            let reason = format!("the registry does not say which bytes {version} has");
            case.refuse(
                Rule::NumberFree,
                RefusalCode::RegistryInconsistent,
                reason,
                next_number,
            );
        }
        Some(theirs) if theirs != ours => {
            let reason = format!("{version} is published with other bytes: {theirs} there, {ours} here");
            case.refuse(Rule::NumberFree, RefusalCode::NumberTaken, reason, next_number);
        }
        Some(_) => {}
    }
    for rule in [Rule::FirstPublish, Rule::Trust] {
        case.skipped(rule, "it is published already");
    }
    let current = target(Some(state), request.tag);
    let note = match current {
        Some(current) if current == *version => {
            tag_is_not_behind(version, tag, state, case);
            format!("{version} is published with these bytes, and {tag} points at it")
        }
        Some(current) if current.is_above(version) => {
            case.checked(Rule::NeverBackwards);
            format!("{version} is published with these bytes, and {tag} has moved on to {current}")
        }
        _ => return (tag_to_move(request, version, tag, state, case), Vec::new()),
    };
    (Work::Nothing, vec![note])
}

/// Two publications at once can leave the tag at the lower version: whichever upload the registry took last moved it.
fn tag_is_not_behind(version: &ReleaseVersion, tag: &DistTag, state: &PackageState, case: &mut Case<'_>) {
    case.checked(Rule::NeverBackwards);
    // A higher stable version waits under `next` for its promotion; nothing is wrong with `latest`.
    if *tag == DistTag::Latest {
        return;
    }
    let Some(higher) = above(state, version, tag)
        .filter(|other| backwards(other, tag, Some(state)).is_empty())
        .max_by(|one, other| one.precedence(other))
    else {
        return;
    };
    let reason = format!("{tag} points at {version}, but {higher} is published and goes under {tag} too");
    let advice = format!("if {higher} is not broken, move {tag} up to it, else deprecate it");
    let way_out = NextStep::after(
        advice,
        case.commands.add_tag(&higher.to_string(), &tag.to_string()),
    );
    case.refuse(Rule::NeverBackwards, RefusalCode::TagBehind, reason, way_out);
}

/// The version is there, and only the tag is not: it is moved up, except `latest`, which only a promotion moves.
fn tag_to_move(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: &PackageState,
    case: &mut Case<'_>,
) -> Work {
    never_backwards(version, tag, Some(state), case);
    lane_is_needed(request, version, tag, Some(state), case);
    // With other bytes, or where the version may not go, there is nothing to move the tag to.
    if case.is_clean() && *tag == DistTag::Latest {
        let reason = format!("{version} is published with these bytes, but {tag} does not point at it");
        let way_out = if target(Some(state), "next").as_ref() == Some(version) {
            let advice = "prove it as the registry serves it, then promote it";
            NextStep::after(advice, case.commands.smoke(version))
        } else {
            NextStep::run(case.commands.add_tag(request.version, request.tag))
        };
        case.refuse(
            Rule::NeverBackwards,
            RefusalCode::PublishedElsewhere,
            reason,
            way_out,
        );
    }
    Work::MoveTag
}
