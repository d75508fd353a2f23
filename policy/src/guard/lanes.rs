//! When a version goes under its lane's tag, and when under the main line's.

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::case::Case;
use super::decision::Rule;
use super::facts::PackageState;
use super::refusal::{NextStep, RefusalCode};
use super::request::PublishRequest;
use super::rules::backwards;

/// Whether the version is too low for the tag of the main line.
pub(super) fn is_left_behind(version: &ReleaseVersion, policy_tag: &str, state: &PackageState) -> bool {
    let main = policy_tag.parse().unwrap_or(DistTag::Next);
    !backwards(version, &main, Some(state)).is_empty()
}

/// A lane is for what the main line has left behind; anything else would be hidden from it.
pub(super) fn lane_is_needed(
    request: &PublishRequest<'_>,
    version: &ReleaseVersion,
    tag: &DistTag,
    state: Option<&PackageState>,
    case: &mut Case<'_>,
) {
    let is_lane = matches!(tag, DistTag::Release(_));
    if !is_lane || state.is_some_and(|state| is_left_behind(version, request.policy_tag, state)) {
        return;
    }
    let main = request.policy_tag;
    let reason = format!("{version} is above everything under {main}, so it goes under {main}");
    let way_out = NextStep::run(case.commands.next_number(version));
    case.refuse(Rule::NeverBackwards, RefusalCode::LaneNotNeeded, reason, way_out);
}
