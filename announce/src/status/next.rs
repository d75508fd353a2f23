//! The next safe command.

use std::time::Duration;

use ktx_policy::guard::{FirstLatest, Released, Tags, TrustDowngrade};
use ktx_policy::{Channel, DistTag, Lane, ReleaseVersion};
use ktx_publish::publication::{Intent, Patience, PublishOptions, prepare};
use ktx_publish::tag_move::{MoveOptions, PromoteOptions, promote};
use ktx_publish::{Desk, Environment, PublishError};

use super::{Page, ProposedCommand, StatusOptions, VersionStatus, is_of_a_branch};

/// Decided by the guard itself, so what is proposed is what it accepts.
pub(super) fn step(
    options: &StatusOptions,
    released: Released,
    policy_tag: &str,
    (versions, tags): (&[VersionStatus], &Tags),
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<ProposedCommand, PublishError> {
    let version = &options.sources.version;
    let asked = options
        .registry
        .as_ref()
        .map(|url| format!(" --registry {url}"))
        .unwrap_or_default();
    let run = |words: String, reason: String| ProposedCommand {
        command: format!("cargo xtask {words}{asked}"),
        reason,
    };
    let Some(out) = versions.iter().find(|found| found.version == version.to_string()) else {
        return unpublished(options, released, policy_tag, environment, desk, run);
    };
    let left = match (out.git_tag, out.page) {
        _ if is_of_a_branch(&out.version) => None,
        (true, Page::Published | Page::Unknown) => None,
        (false, Page::Published) => {
            let reason = format!("{version} is announced, and this checkout has no tag v{version}");
            let command = "git fetch --tags".to_owned();
            return Ok(ProposedCommand { command, reason });
        }
        (false, Page::Unknown) => Some("whether it is announced is not known"),
        (_, Page::Missing | Page::Draft) => Some("not yet announced"),
    };
    if let Some(left) = left {
        let reason = format!("{version} is published, and {left}");
        return Ok(run("announce".to_owned(), reason));
    }
    if version.is_prerelease() {
        let is_rc = is_of_a_branch(&out.version);
        let channel = if is_rc { "rc" } else { "stable" };
        return Ok(run(
            format!("version next --channel {channel}"),
            format!("{version} is out"),
        ));
    }
    let moving = MoveOptions {
        location: options.location.clone(),
        registry: options.registry.clone(),
        released,
        trusted_root: None,
        patience: Duration::ZERO,
    };
    // A fix of an older line waits under its lane's tag.
    let lane = Lane::of(version);
    let of_lane = DistTag::Release(lane).to_string();
    let is_fix = tags.get(&of_lane) == Some(&out.version);
    let (from, next) = match is_fix {
        true => (of_lane.as_str(), format!("version next --lane {lane}")),
        false => (policy_tag, "version next --channel rc".to_owned()),
    };
    let latest = tags
        .get("latest")
        .and_then(|latest| latest.parse::<ReleaseVersion>().ok());
    if is_fix && latest.is_some_and(|latest| latest.is_above(version)) {
        return Ok(run(next, format!("{version} is out under {from}, and announced")));
    }
    let up = PromoteOptions {
        from: from.to_owned(),
        to: "latest".to_owned(),
        trust_downgrade: TrustDowngrade::Refused,
    };
    match promote(&moving, &up, environment, desk) {
        Ok(plan) if plan.decision().tags_before == plan.decision().tags_after => {}
        Ok(plan) => {
            let reason = format!("{} is proven, and not yet under latest", plan.decision().version);
            return Ok(run(format!("promote --from {from} --to latest"), reason));
        }
        Err(error) => return way_out(&error).ok_or(error),
    }
    Ok(run(next, format!("{version} is out, announced and under latest")))
}

fn unpublished(
    options: &StatusOptions,
    released: Released,
    policy_tag: &str,
    environment: &Environment,
    desk: &dyn Desk,
    run: impl Fn(String, String) -> ProposedCommand,
) -> Result<ProposedCommand, PublishError> {
    let version = &options.sources.version;
    let tag = match version.channel() {
        Some(Channel::Branch { slug, .. }) => format!("branch-{slug}"),
        _ => policy_tag.to_owned(),
    };
    let publishing = PublishOptions {
        location: options.location.clone(),
        sources: options.sources.clone(),
        released,
        tag: tag.clone(),
        registry: options.registry.clone(),
        first_latest: FirstLatest::Refused,
        trust_downgrade: TrustDowngrade::Refused,
        trusted_root: None,
        patience: Patience::default(),
        intent: Intent::Show,
    };
    let prepared = prepare(&publishing, environment, desk)?;
    let refused = prepared
        .plan
        .err()
        .and_then(|blocks| blocks.iter().find_map(way_out));
    let reason = format!("{version} is not published");
    Ok(refused.unwrap_or_else(|| run(format!("publish --tag {tag}"), reason)))
}

/// The guard's next step, for the reason of its first refusal.
fn way_out(error: &PublishError) -> Option<ProposedCommand> {
    let PublishError::Refused(refused) = error else {
        return None;
    };
    refused.refusals.first().map(|refusal| ProposedCommand {
        command: refused.next.command.clone(),
        reason: refusal.reason.clone(),
    })
}
