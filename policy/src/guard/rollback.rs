//! May a tag be moved down from a broken version to one that it pointed at before?
//!
//! A rollback has a target: it is away from the version that is broken, so that repeating it finds it done.

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::case::Case;
use super::commands::Commands;
use super::decision::{Decision, Rule, Work};
use super::facts::{PackageState, RegistryState};
use super::history::{Evidence, Witnesses, evidence};
use super::refusal::{NextStep, RefusalCode, Refused};
use super::rules::{channel_allows, package, tag_of, target, version_of};

/// The rules of rolling back, in order.
const RULES: [Rule; 6] = [
    Rule::TagGrammar,
    Rule::RegistryFacts,
    Rule::Downwards,
    Rule::Channel,
    Rule::Available,
    Rule::History,
];

/// What is to be rolled back.
#[derive(Debug, Clone)]
pub struct RollbackRequest<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The broken version; without one it is what the tag points at now.
    pub from: Option<&'a str>,
    /// The version that it is to point at again; without one it is the last good one before the broken one.
    pub to: Option<&'a str>,
    /// The version that the user confirms although nothing says that the tag pointed at it.
    pub confirmed: Option<&'a str>,
    /// The evidence of where the tag was.
    pub witnesses: &'a Witnesses,
    /// What proposed commands must carry.
    pub commands: &'a Commands,
}

/// Judges a rollback.
pub fn rollback(request: &RollbackRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    judge(request, registry).map_err(|mut refused| {
        if let Some(next) = accepted(request, registry) {
            refused.next = Box::new(next);
        }
        refused
    })
}

/// The rollback that was probably meant, when the guard accepts it.
fn accepted(request: &RollbackRequest<'_>, registry: &RegistryState) -> Option<NextStep> {
    let RegistryState::Package(state) = registry else {
        return None;
    };
    let current = state.tags.get(request.tag)?;
    let named = RollbackRequest {
        from: Some(request.from.unwrap_or(current)),
        ..request.clone()
    };
    let from_now = RollbackRequest {
        from: Some(current),
        ..request.clone()
    };
    let confirmed = |request: &RollbackRequest<'_>| judge(request, registry).is_ok();
    let candidates = [
        (named.clone(), None),
        (from_now.clone(), None),
        (
            RollbackRequest {
                confirmed: request.to,
                ..named.clone()
            },
            Some("when you are sure that it worked under this tag"),
        ),
        (RollbackRequest { to: None, ..from_now }, None),
    ];
    candidates
        .iter()
        .find(|(other, _)| confirmed(other))
        .map(|(other, advice)| NextStep {
            advice: advice.map(str::to_owned),
            command: command(other),
        })
}

fn command(request: &RollbackRequest<'_>) -> String {
    let option = |name: &str, value: Option<&str>| value.map(|value| format!(" --{name} {value}"));
    let more = [option("to", request.to), option("confirm", request.confirmed)];
    let more: String = more.into_iter().flatten().collect();
    let broken = request.from.unwrap_or_default();
    request.commands.rollback(request.tag, broken, &more)
}

fn judge(request: &RollbackRequest<'_>, registry: &RegistryState) -> Result<Decision, Refused> {
    let mut case = Case::open(&RULES, request.commands, registry);
    let tag = tag_of(request.tag, &mut case);
    let state = package(registry, || request.commands.list_versions(), &mut case);
    let to = request.to.map(|to| version_of(to, &mut case));
    let broken = request.from.map(|from| version_of(from, &mut case));
    let (Some(tag), Some(state), Some(to), Some(broken)) = (tag, state, flatten(to), flatten(broken)) else {
        return Err(case.refused());
    };
    let Some((state, current)) = state.and_then(|state| Some((state, target(Some(state), request.tag)?)))
    else {
        let reason = format!("{tag} points at nothing, so there is nothing to roll back");
        let way_out = NextStep::run(case.commands.list_tags());
        case.refuse(Rule::Downwards, RefusalCode::TagMissing, reason, way_out);
        return Err(case.refused());
    };
    case.checked(Rule::Downwards);
    if let Some(note) = done_already(request, &broken, to.as_ref(), &current, &mut case) {
        let name = current.to_string();
        return case.close(Work::Nothing, &name, request.tag, vec![note]);
    }
    let broken = match broken {
        Some(broken) => broken,
        None => {
            is_unambiguous(request, &current, &tag, state, &mut case);
            current.clone()
        }
    };
    if current.is_above(&broken) {
        let reason = format!("{tag} points at {current}, not at {broken}");
        let way_out = NextStep::run(case.commands.list_tags());
        case.refuse(Rule::Downwards, RefusalCode::TagMoved, reason, way_out);
        return Err(case.refused());
    }
    let Some(to) = to.or_else(|| last_good(request, &tag, &broken, state)) else {
        let reason = format!("nothing says what {tag} pointed at before {broken}");
        let advice = "name the version with --to and --confirm; this lists the versions";
        let way_out = NextStep::after(advice, case.commands.list_versions());
        case.refuse(Rule::History, RefusalCode::NoHistory, reason, way_out);
        return Err(case.refused());
    };
    let name = to.to_string();
    case.foresee(|tags| drop(tags.insert(request.tag.to_owned(), name.clone())));
    let lowest = if current.is_above(&broken) {
        &broken
    } else {
        &current
    };
    if !lowest.is_above(&to) {
        let reason = format!("{to} is not below {lowest}, and a rollback only goes down");
        let way_out = NextStep::run(case.commands.list_versions());
        case.refuse(Rule::Downwards, RefusalCode::NotDown, reason, way_out);
    }
    channel_allows(&to, &tag, &mut case);
    is_available(&to, state, &mut case);
    was_there_before(request, &to, &tag, state, &mut case);
    let mut decision = case.close(Work::MoveTag, &name, request.tag, Vec::new())?;
    decision.broken = Some(broken.to_string());
    Ok(decision)
}

/// `Some(None)` for a version that was not given, `None` for one that is not a version.
fn flatten(version: Option<Option<ReleaseVersion>>) -> Option<Option<ReleaseVersion>> {
    match version {
        None => Some(None),
        Some(None) => None,
        Some(version) => Some(version),
    }
}

/// The tag is below the broken version already: by what was named, or by what the last receipt did.
fn done_already(
    request: &RollbackRequest<'_>,
    broken: &Option<ReleaseVersion>,
    to: Option<&ReleaseVersion>,
    current: &ReleaseVersion,
    case: &mut Case<'_>,
) -> Option<String> {
    let tag = request.tag;
    let as_wished = to.is_none_or(|to| to == current);
    let note = match broken {
        Some(broken) if broken.is_above(current) && as_wished => {
            format!("{tag} points at {current}, below {broken}")
        }
        None => {
            let last = request.witnesses.last_rollback.as_ref();
            let last = last.filter(|last| last.to == current.to_string() && as_wished)?;
            let further = request.commands.rollback(tag, &last.to, "");
            let broken = &last.broken;
            format!("{tag} was rolled back from {broken} to {current}; if {current} is broken too: {further}")
        }
        Some(_) => return None,
    };
    for rule in [Rule::Channel, Rule::Available, Rule::History] {
        case.skipped(rule, "it is done already");
    }
    Some(note)
}

/// Where a higher version was released under the tag, it may have been rolled back already, from another clone.
fn is_unambiguous(
    request: &RollbackRequest<'_>,
    current: &ReleaseVersion,
    tag: &DistTag,
    state: &PackageState,
    case: &mut Case<'_>,
) {
    let names = state
        .versions
        .keys()
        .filter_map(|name| name.parse::<ReleaseVersion>().ok());
    let higher = names
        .filter(|other| other.is_above(current))
        .filter(|other| evidence(other, tag, state, request.witnesses).is_some())
        .max_by(|one, other| one.precedence(other));
    if let Some(higher) = higher {
        let reason = format!(
            "{tag} points at {current}, but {higher} was released after it: name the version that is broken"
        );
        let command = case.commands.list_versions();
        case.refuse(
            Rule::Downwards,
            RefusalCode::BrokenUnnamed,
            reason,
            NextStep::run(command),
        );
    }
}

/// The highest version below the broken one that was under the tag, is still offered, and was not left as broken.
fn last_good(
    request: &RollbackRequest<'_>,
    tag: &DistTag,
    broken: &ReleaseVersion,
    state: &PackageState,
) -> Option<ReleaseVersion> {
    let current = target(Some(state), request.tag);
    let offered = state
        .versions
        .iter()
        .filter(|(name, facts)| facts.deprecated.is_none() && !request.witnesses.withdrawn.contains(name));
    offered
        .filter_map(|(name, _)| name.parse::<ReleaseVersion>().ok())
        .filter(|version| broken.is_above(version))
        .filter(|version| current.as_ref().is_none_or(|current| current.is_above(version)))
        .filter(|version| DistTag::of(version).contains(tag))
        .filter(|version| evidence(version, tag, state, request.witnesses).is_some())
        .max_by(|one, other| one.precedence(other))
}

fn is_available(to: &ReleaseVersion, state: &PackageState, case: &mut Case<'_>) {
    case.checked(Rule::Available);
    let way_out = NextStep::run(case.commands.list_versions());
    match state.versions.get(&to.to_string()) {
        None => {
            let reason = format!("the registry does not have {to}");
            case.refuse(Rule::Available, RefusalCode::VersionMissing, reason, way_out);
        }
        Some(facts) => {
            if let Some(message) = &facts.deprecated {
                let reason = format!("{to} is deprecated: {message}");
                case.refuse(Rule::Available, RefusalCode::Deprecated, reason, way_out);
            }
        }
    }
}

/// A confirmation waives this rule and no other.
fn was_there_before(
    request: &RollbackRequest<'_>,
    to: &ReleaseVersion,
    tag: &DistTag,
    state: &PackageState,
    case: &mut Case<'_>,
) {
    let found: Option<Evidence> = evidence(to, tag, state, request.witnesses);
    match found {
        Some(evidence) => case.checked_by(Rule::History, evidence.words()),
        None if request.confirmed == Some(to.to_string().as_str()) => {
            case.skipped(Rule::History, "waived by --confirm");
        }
        None => {
            let reason = format!("nothing says that {tag} has pointed at {to}");
            let way_out = NextStep::run(case.commands.list_versions());
            case.refuse(Rule::History, RefusalCode::NoHistory, reason, way_out);
        }
    }
}
