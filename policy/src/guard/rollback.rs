//! May a tag be put back on a version that it pointed at before?

use crate::release_policy::NPM_PACKAGE;

use super::facts::RegistryState;
use super::plan::{Plan, Rule, Work};
use super::refusal::{RefusalCode, Refused};
use super::rules::{Case, channel_allows, package, tag_of, version_of};

/// The rules of rolling back: everything but that a tag never moves backwards.
const RULES: [Rule; 3] = [Rule::TagGrammar, Rule::Channel, Rule::History];

/// What is to be rolled back.
#[derive(Debug, Clone)]
pub struct RollbackRequest<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The version that it is to point at again.
    pub to: &'a str,
    /// Versions that receipts say the tag has pointed at.
    pub history: &'a [String],
    /// The version that a person said to be meant although no receipt names it.
    pub confirmed: Option<&'a str>,
}

/// Judges a rollback.
pub fn rollback(request: &RollbackRequest<'_>, registry: &RegistryState) -> Result<Plan, Refused> {
    let mut case = Case::default();
    let tag = tag_of(request.tag, &mut case);
    let version = version_of(request.to, &mut case);
    if let (Some(tag), Some(version)) = (&tag, &version) {
        let command = format!("cargo xtask rollback --to {version} --tag");
        channel_allows(version, tag, &command, &mut case);
    }
    let state = package(registry, &mut case);
    let (Some(tag), Some(version), Some(state)) = (tag, version, state) else {
        return Err(case.refused(&RULES));
    };
    let Some((state, facts)) = state.and_then(|state| Some((state, state.versions.get(request.to)?))) else {
        let reason = format!("the registry does not have {version}");
        case.refuse(
            RefusalCode::VersionMissing,
            reason,
            format!("npm view {NPM_PACKAGE} versions"),
        );
        return Err(case.refused(&RULES));
    };
    if !state.tags.contains_key(request.tag) {
        let reason = format!("{tag} points at nothing, so there is nothing to roll back");
        case.refuse(
            RefusalCode::TagMissing,
            reason,
            format!("cargo xtask publish --tag {tag}"),
        );
    }
    case.checked(Rule::History);
    let is_known = request.history.iter().any(|earlier| earlier == request.to);
    let is_there = state.tags.get(request.tag).map(String::as_str) == Some(request.to);
    if !is_known && !is_there && request.confirmed != Some(request.to) {
        let reason = format!("no receipt says that {tag} has pointed at {version}");
        let remedy = format!("cargo xtask rollback --tag {tag} --to {version} --confirm {version}");
        case.refuse(RefusalCode::NoHistory, reason, remedy);
    }
    let checked = case.close(&RULES)?;
    let mut notes = Vec::new();
    if is_there {
        notes.push(format!("{tag} points at {version} already"));
    }
    if let Some(message) = &facts.deprecated {
        notes.push(format!("{version} is deprecated: {message}"));
    }
    let mut tags_after = state.tags.clone();
    tags_after.insert(request.tag.to_owned(), request.to.to_owned());
    Ok(Plan {
        work: if is_there { Work::Nothing } else { Work::MoveTag },
        version: request.to.to_owned(),
        tag: request.tag.to_owned(),
        tags_before: state.tags.clone(),
        tags_after,
        checked,
        notes,
    })
}
