//! The rules that more than one judgement needs. Each adds what it finds to the case and decides nothing.

use crate::tag::DistTag;
use crate::version::{Channel, ReleaseVersion};

use super::facts::{PackageState, Provenance, RegistryState};
use super::plan::Rule;
use super::refusal::{Refusal, RefusalCode, Refused};

/// A judgement under way.
#[derive(Default)]
pub(super) struct Case {
    refusals: Vec<Refusal>,
    checked: Vec<Rule>,
}

impl Case {
    pub(super) fn refuse(&mut self, code: RefusalCode, reason: impl Into<String>, remedy: impl Into<String>) {
        self.refusals.push(Refusal {
            code,
            reason: reason.into(),
            remedy: remedy.into(),
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

    /// The rules that were looked at, or the refusals with the rules of `all` that were not.
    pub(super) fn close(self, all: &[Rule]) -> Result<Vec<Rule>, Refused> {
        if self.is_clean() {
            Ok(self.checked)
        } else {
            Err(self.refused(all))
        }
    }

    /// The refusals, with the rules of `all` that were not looked at.
    pub(super) fn refused(self, all: &[Rule]) -> Refused {
        let unchecked = all
            .iter()
            .copied()
            .filter(|rule| !self.checked.contains(rule))
            .collect();
        Refused {
            refusals: self.refusals,
            checked: self.checked,
            unchecked,
        }
    }
}

/// Rule 1, and the version's own grammar.
pub(super) fn version_of(text: &str, case: &mut Case) -> Option<ReleaseVersion> {
    text.parse()
        .inspect_err(|error: &crate::InvalidVersion| {
            case.refuse(
                RefusalCode::VersionInvalid,
                error.to_string(),
                "cargo xtask version set X.Y.Z-rc.N",
            );
        })
        .ok()
}

/// Rule 1: the tag's grammar.
pub(super) fn tag_of(text: &str, case: &mut Case) -> Option<DistTag> {
    case.checked(Rule::TagGrammar);
    text.parse()
        .inspect_err(|error: &crate::InvalidTag| {
            let remedy = "use --tag next, latest or branch-<name>";
            if error.reads_as_range() {
                let reason =
                    format!("{error} (npm reads it as a version range, so nobody could install the tag)");
                case.refuse(RefusalCode::TagIsRange, reason, remedy);
            } else {
                case.refuse(RefusalCode::TagInvalid, error.to_string(), remedy);
            }
        })
        .ok()
}

/// Rule 2, first half: the version's channel goes under the tag.
pub(super) fn channel_allows(
    version: &ReleaseVersion,
    tag: &DistTag,
    command: &str,
    case: &mut Case,
) -> Option<Channel> {
    case.checked(Rule::Channel);
    let Some(channel) = version.channel() else {
        let reason = format!(
            "{version} belongs to no channel: X.Y.Z is stable, X.Y.Z-rc.N a release candidate, X.Y.Z-<slug>.N of a branch"
        );
        case.refuse(
            RefusalCode::ChannelUnknown,
            reason,
            "cargo xtask version next --channel rc",
        );
        return None;
    };
    let tags = channel.tags();
    if *tag == DistTag::Latest && version.is_prerelease() {
        let reason = format!("{version} is a prerelease, and latest is what everybody installs");
        case.refuse(
            RefusalCode::PrereleaseLatest,
            reason,
            format!("{command} {}", tags[0]),
        );
    } else if !tags.contains(tag) {
        let names: Vec<String> = tags.iter().map(ToString::to_string).collect();
        let reason = format!(
            "{version} is a {channel} and goes under {}, not under {tag}",
            names.join(" or ")
        );
        case.refuse(
            RefusalCode::ChannelMismatch,
            reason,
            format!("{command} {}", tags[0]),
        );
    }
    Some(channel)
}

/// Rule 7: what the registry says of the package, `None` when it has none. Nothing is guessed.
pub(super) fn package<'state>(
    registry: &'state RegistryState,
    case: &mut Case,
) -> Option<Option<&'state PackageState>> {
    match registry {
        RegistryState::Unknown(cause) => {
            let reason = format!("the registry's facts are not known: {cause}");
            case.refuse(
                RefusalCode::RegistryUnknown,
                reason,
                "run the command again when the registry answers",
            );
            None
        }
        RegistryState::NoPackage => Some(None),
        RegistryState::Package(package) => consistent(package, case).then_some(Some(package)),
    }
}

/// Tags point at versions that exist, and a package with versions has a `latest`: npm keeps both always true.
fn consistent(package: &PackageState, case: &mut Case) -> bool {
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
        case.refuse(
            RefusalCode::RegistryInconsistent,
            problem,
            "ask the registry for its tags with `npm dist-tag ls` and mend them before going on",
        );
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
    case: &mut Case,
) {
    case.checked(Rule::NeverBackwards);
    let remedy = next_number(version);
    if let Some(current) = target(package, &tag.to_string()).filter(|current| !version.is_above(current)) {
        let reason = format!("{tag} points at {current}, and {version} is not above it");
        case.refuse(RefusalCode::TagBackwards, reason, &remedy);
    }
    if *tag == DistTag::Next
        && let Some(latest) = target(package, "latest").filter(|latest| !version.is_above(latest))
    {
        let reason = format!("latest is {latest}, and {version} is not above it");
        case.refuse(RefusalCode::BelowLatest, reason, remedy);
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

/// The command that proposes a number which is free, on the channel of `version`.
pub(super) fn next_number(version: &ReleaseVersion) -> String {
    match version.channel() {
        Some(Channel::Stable) => "cargo xtask version next --channel stable".to_owned(),
        Some(Channel::Branch { slug, .. }) => {
            format!("cargo xtask version next --channel rc --branch {slug}")
        }
        Some(Channel::Candidate { .. }) | None => "cargo xtask version next --channel rc".to_owned(),
    }
}
