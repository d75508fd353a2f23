//! The next safe command.

use std::time::Duration;

use ktx_policy::Channel;
use ktx_policy::guard::{FirstLatest, Released, TrustDowngrade};
use ktx_publish::publication::{Intent, Patience, PublishOptions, prepare};
use ktx_publish::tag_move::{MoveOptions, PromoteOptions, promote};
use ktx_publish::{Desk, Environment, PublishError};

use super::{Page, ProposedCommand, StatusOptions, VersionStatus, is_of_a_branch};

/// Decided by the guard itself, so what is proposed is what it accepts.
pub(super) fn step(
    options: &StatusOptions,
    released: Released,
    policy_tag: &str,
    versions: &[VersionStatus],
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
    let is_announced = out.git_tag && !matches!(out.page, Page::Missing | Page::Draft);
    if !is_announced && !is_of_a_branch(&out.version) {
        return Ok(run(
            "announce".to_owned(),
            format!("{version} is published, and not yet announced"),
        ));
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
    let up = PromoteOptions {
        from: policy_tag.to_owned(),
        to: "latest".to_owned(),
        trust_downgrade: TrustDowngrade::Refused,
    };
    match promote(&moving, &up, environment, desk) {
        Ok(plan) if plan.decision().tags_before == plan.decision().tags_after => {}
        Ok(plan) => {
            let reason = format!("{} is proven, and not yet under latest", plan.decision().version);
            return Ok(run(format!("promote --from {policy_tag} --to latest"), reason));
        }
        Err(error) => return way_out(&error).ok_or(error),
    }
    Ok(run(
        "version next --channel rc".to_owned(),
        format!("{version} is out, announced and under latest"),
    ))
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
