//! The rules that more than one judgement needs. Each adds what it finds to the case and decides nothing.

use crate::tag::DistTag;
use crate::version::{Channel, ReleaseVersion};

use super::commands::Commands;
use super::facts::{PackageState, Provenance, RegistryState};
use super::plan::{Rule, Tags};
use super::refusal::{Foreseen, Refusal, RefusalCode, Refused};

/// A judgement under way.
pub(super) struct Case<'a> {
    rules: &'static [Rule],
    pub(super) commands: &'a Commands,
    refusals: Vec<Refusal>,
    checked: Vec<Rule>,
    foreseen: Foreseen,
}

impl<'a> Case<'a> {
    /// A judgement by `rules`, over what `registry` says.
    pub(super) fn open(rules: &'static [Rule], commands: &'a Commands, registry: &RegistryState) -> Self {
        let tags_before = match registry {
            RegistryState::Unknown(_) => None,
            RegistryState::NoPackage => Some(Tags::new()),
            RegistryState::Package(package) => Some(package.tags.clone()),
        };
        Self {
            rules,
            commands,
            refusals: Vec::new(),
            checked: Vec::new(),
            foreseen: Foreseen {
                tags_before,
                tags_after: None,
            },
        }
    }

    pub(super) fn refuse(&mut self, code: RefusalCode, reason: impl Into<String>, command: String) {
        self.refuse_with(code, reason, None, command);
    }

    pub(super) fn refuse_with(
        &mut self,
        code: RefusalCode,
        reason: impl Into<String>,
        advice: Option<&'static str>,
        command: String,
    ) {
        self.refusals.push(Refusal {
            code,
            reason: reason.into(),
            advice,
            command,
        });
    }

    pub(super) fn checked(&mut self, rule: Rule) {
        if !self.checked.contains(&rule) {
            self.checked.push(rule);
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.refusals.is_empty()
    }

    /// The tags now, and as `change` would leave them.
    pub(super) fn foresee(&mut self, change: impl Fn(&mut Tags)) {
        let mut after = self.foreseen.tags_before.clone();
        after.iter_mut().for_each(change);
        self.foreseen.tags_after = after;
    }

    /// The refusals, if there are any, with the rules that were not looked at.
    pub(super) fn close(self) -> Result<Allowed, Refused> {
        if !self.is_clean() {
            return Err(self.refused());
        }
        Ok(Allowed {
            checked: self.checked,
            tags_before: self.foreseen.tags_before.unwrap_or_default(),
            tags_after: self.foreseen.tags_after.unwrap_or_default(),
        })
    }

    /// The refusals, with the rules that were not looked at.
    pub(super) fn refused(self) -> Refused {
        let unchecked = self.rules.iter().copied();
        let unchecked = unchecked.filter(|rule| !self.checked.contains(rule)).collect();
        Refused {
            refusals: self.refusals,
            checked: self.checked,
            unchecked,
            foreseen: Box::new(self.foreseen),
        }
    }
}

/// A case in which nothing was refused.
pub(super) struct Allowed {
    pub(super) checked: Vec<Rule>,
    pub(super) tags_before: Tags,
    pub(super) tags_after: Tags,
}

/// Rule 1, and the version's own grammar.
pub(super) fn version_of(text: &str, case: &mut Case<'_>) -> Option<ReleaseVersion> {
    text.parse()
        .inspect_err(|error: &crate::InvalidVersion| {
            let command = case.commands.next("rc");
            let advice = "a version is X.Y.Z, X.Y.Z-rc.N or X.Y.Z-<branch>.N";
            case.refuse_with(
                RefusalCode::VersionInvalid,
                error.to_string(),
                Some(advice),
                command,
            );
        })
        .ok()
}

/// Rule 1: the tag's grammar. `command` is the one that would be right.
pub(super) fn tag_of(text: &str, command: &str, case: &mut Case<'_>) -> Option<DistTag> {
    case.checked(Rule::TagGrammar);
    text.parse()
        .inspect_err(|error: &crate::InvalidTag| {
            let advice = Some("a tag is next, latest or branch-<name>");
            let (code, reason) = if error.reads_as_range() {
                let reason =
                    format!("{error} (npm reads it as a version range, so nobody could install the tag)");
                (RefusalCode::TagIsRange, reason)
            } else {
                (RefusalCode::TagInvalid, error.to_string())
            };
            case.refuse_with(code, reason, advice, command.to_owned());
        })
        .ok()
}

/// Rule 2, first half: the version's channel goes under the tag. `command` makes the right command of the right tag.
pub(super) fn channel_allows(
    version: &ReleaseVersion,
    tag: &DistTag,
    command: impl FnOnce(&DistTag) -> String,
    case: &mut Case<'_>,
) -> Option<Channel> {
    case.checked(Rule::Channel);
    let Some(channel) = version.channel() else {
        let reason = format!(
            "{version} belongs to no channel: X.Y.Z is stable, X.Y.Z-rc.N a release candidate, X.Y.Z-<slug>.N of a branch"
        );
        let command = case.commands.next("rc");
        case.refuse(RefusalCode::ChannelUnknown, reason, command);
        return None;
    };
    let tags = channel.tags();
    if *tag == DistTag::Latest && version.is_prerelease() {
        let reason = format!("{version} is a prerelease, and latest is what everybody installs");
        case.refuse(RefusalCode::PrereleaseLatest, reason, command(&tags[0]));
    } else if !tags.contains(tag) {
        let names: Vec<String> = tags.iter().map(ToString::to_string).collect();
        let reason = format!(
            "{version} is a {channel} and goes under {}, not under {tag}",
            names.join(" or ")
        );
        case.refuse(RefusalCode::ChannelMismatch, reason, command(&tags[0]));
    }
    Some(channel)
}

/// Rule 7: what the registry says of the package, `None` when it has none. Nothing is guessed. `again` is the command
/// to repeat when the registry answers.
pub(super) fn package<'state>(
    registry: &'state RegistryState,
    again: &str,
    case: &mut Case<'_>,
) -> Option<Option<&'state PackageState>> {
    match registry {
        RegistryState::Unknown(cause) => {
            let reason = format!("the registry's facts are not known: {cause}");
            let advice = Some("when the registry answers");
            case.refuse_with(RefusalCode::RegistryUnknown, reason, advice, again.to_owned());
            None
        }
        RegistryState::NoPackage => Some(None),
        RegistryState::Package(package) => consistent(package, case).then_some(Some(package)),
    }
}

/// Tags point at versions that exist, and a package with versions has a `latest`: npm keeps both always true.
fn consistent(package: &PackageState, case: &mut Case<'_>) -> bool {
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
        let command = case.commands.list_tags();
        let advice = Some("mend the registry's tags before going on; they are listed by");
        case.refuse_with(RefusalCode::RegistryInconsistent, problem, advice, command);
    }
    problems.is_empty()
}

/// What a tag points at.
pub(super) fn target(package: Option<&PackageState>, tag: &str) -> Option<ReleaseVersion> {
    package?.tags.get(tag)?.parse().ok()
}

/// Rule 3: the tag only moves up, and `next` stays above `latest`.
pub(super) fn never_backwards(
    version: &ReleaseVersion,
    tag: &DistTag,
    package: Option<&PackageState>,
    case: &mut Case<'_>,
) {
    case.checked(Rule::NeverBackwards);
    let command = case.commands.next_number(version);
    if let Some(current) = target(package, &tag.to_string()).filter(|current| !version.is_above(current)) {
        let reason = format!("{tag} points at {current}, and {version} is not above it");
        case.refuse(RefusalCode::TagBackwards, reason, command.clone());
    }
    if *tag == DistTag::Next
        && let Some(latest) = target(package, "latest").filter(|latest| !version.is_above(latest))
    {
        let reason = format!("latest is {latest}, and {version} is not above it");
        case.refuse(RefusalCode::BelowLatest, reason, command);
    }
}

/// Rule 6: whether a version with provenance was published before `published_at`. Without a time on either side it
/// counts as before.
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
