//! May a tag be put back on a version that it pointed at before?

use super::commands::Commands;
use super::facts::{PackageState, RegistryState};
use super::plan::{Plan, Rule, Work};
use super::refusal::{RefusalCode, Refused};
use super::rules::{Allowed, Case, channel_allows, package, tag_of, version_of};

/// The rules of rolling back: everything but that a tag never moves backwards.
const RULES: [Rule; 3] = [Rule::TagGrammar, Rule::Channel, Rule::History];

/// What is to be rolled back.
#[derive(Debug, Clone)]
pub struct RollbackRequest<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The version that it is to point at again; without one it is the last other version of the history.
    pub to: Option<&'a str>,
    /// Versions that receipts say the tag has pointed at, the newest first.
    pub history: &'a [String],
    /// The version that a person said to be meant although no receipt names it.
    pub confirmed: Option<&'a str>,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// Judges a rollback.
pub fn rollback(request: &RollbackRequest<'_>, registry: &RegistryState) -> Result<Plan, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    let to = request.to.or_else(|| last_other(request, registry));
    let right = to.map_or_else(
        || request.commands.list_versions(),
        |to| request.commands.rollback("latest", to),
    );
    let tag = tag_of(request.tag, &right, &mut case);
    let version = to.and_then(|to| version_of(to, &mut case));
    if let (Some(tag), Some(version)) = (&tag, &version) {
        let other_tag =
            |tag: &crate::DistTag| request.commands.rollback(&tag.to_string(), &version.to_string());
        channel_allows(version, tag, other_tag, &mut case);
    }
    let again = to.map_or_else(
        || request.commands.list_versions(),
        |to| request.commands.rollback(request.tag, to),
    );
    let state = package(registry, &again, &mut case);
    if to.is_none() && state.is_some() {
        case.checked(Rule::History);
        let reason = format!("no receipt says what {} pointed at before", request.tag);
        let advice = "say the version twice, with --to and --confirm; the versions are listed by";
        let command = request.commands.list_versions();
        case.refuse_with(RefusalCode::NoHistory, reason, Some(advice), command);
    }
    let (Some(tag), Some(to), Some(version), Some(state)) = (tag, to, version, state) else {
        return Err(case.refused());
    };
    case.foresee(|tags| drop(tags.insert(request.tag.to_owned(), to.to_owned())));
    let Some((state, facts)) = state.and_then(|state| Some((state, state.versions.get(to)?))) else {
        let reason = format!("the registry does not have {version}");
        let command = request.commands.list_versions();
        case.refuse(RefusalCode::VersionMissing, reason, command);
        return Err(case.refused());
    };
    if !state.tags.contains_key(request.tag) {
        let reason = format!("{tag} points at nothing, so there is nothing to roll back");
        let command = request.commands.publish(request.tag);
        case.refuse(RefusalCode::TagMissing, reason, command);
    }
    let is_there = state.tags.get(request.tag).map(String::as_str) == Some(to);
    case.checked(Rule::History);
    if !is_there {
        was_there_before(request, to, &mut case);
    }
    let Allowed {
        checked,
        tags_before,
        tags_after,
    } = case.close()?;
    let mut notes = Vec::new();
    if is_there {
        notes.push(format!("{tag} points at {version} already"));
    }
    if let Some(message) = &facts.deprecated {
        notes.push(format!("{version} is deprecated: {message}"));
    }
    Ok(Plan {
        work: if is_there { Work::Nothing } else { Work::MoveTag },
        version: to.to_owned(),
        tag: request.tag.to_owned(),
        tags_before,
        tags_after,
        checked,
        notes,
    })
}

/// What the tag pointed at before it pointed at what it points at now.
fn last_other<'a>(request: &RollbackRequest<'a>, registry: &RegistryState) -> Option<&'a str> {
    let RegistryState::Package(PackageState { tags, .. }) = registry else {
        return None;
    };
    let current = tags.get(request.tag)?;
    let mut earlier = request.history.iter().filter(|version| *version != current);
    earlier.next().map(String::as_str)
}

fn was_there_before(request: &RollbackRequest<'_>, to: &str, case: &mut Case<'_>) {
    let is_known = request.history.iter().any(|earlier| earlier == to);
    if !is_known && request.confirmed != Some(to) {
        let reason = format!("no receipt says that {} has pointed at {to}", request.tag);
        let command = request
            .commands
            .rollback(request.tag, &format!("{to} --confirm {to}"));
        case.refuse(RefusalCode::NoHistory, reason, command);
    }
}
