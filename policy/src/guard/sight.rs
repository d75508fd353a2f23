//! What the registry shows after a change: judged on what was to change, the version's bytes and its one tag.

use crate::tag::DistTag;
use crate::version::ReleaseVersion;

use super::decision::{Decision, Work};
use super::facts::{Integrity, PackageState};
use super::rules::{above, target};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// The change is there. Whatever else happened meanwhile is in the notes.
    Done {
        /// What the user should know.
        notes: Vec<String>,
        /// A higher version that the tag may have been moved to meanwhile: npm would have moved it away without a word.
        rival: Option<String>,
    },
    /// The version is not there, or not any more.
    NoVersion(String),
    /// The registry names other bytes for the version.
    OtherBytes,
    /// The version is there, and its tag is not on it.
    OtherTag(String),
    /// The tag is on the version, but a higher one was published meanwhile and is to have it.
    Overtaken {
        /// The higher version.
        by: String,
    },
}

/// Judges what the registry shows. `ours` is the integrity of the bytes when they were published from here.
pub fn look(decision: &Decision, ours: Option<&Integrity>, now: &PackageState) -> Sight {
    let version = &decision.version;
    let Some(served) = now.versions.get(version) else {
        let what = if now.burned.contains(version) {
            "has removed"
        } else {
            "does not list"
        };
        return Sight::NoVersion(format!("it {what} {version}"));
    };
    if ours.is_some() && served.integrity.as_ref() != ours {
        return Sight::OtherBytes;
    }
    let (Ok(wanted), Ok(tag)) = (version.parse::<ReleaseVersion>(), decision.tag.parse::<DistTag>()) else {
        return Sight::OtherTag(format!("{} is not a version of this project", decision.version));
    };
    let before = decision.tags_before.get(&decision.tag);
    let is_upwards = before
        .and_then(|before| before.parse::<ReleaseVersion>().ok())
        .is_none_or(|before| !before.is_above(&wanted));
    match target(Some(now), &decision.tag) {
        Some(current) if current == wanted => {}
        // Somebody published or promoted a higher version after this one.
        Some(current) if is_upwards && current.is_above(&wanted) => {
            let mut notes = vec![format!("{tag} has moved on to {current}")];
            notes.extend(other_tags(decision, now));
            return Sight::Done { notes, rival: None };
        }
        other => {
            let other = other.map_or_else(|| "nothing".to_owned(), |version| version.to_string());
            return Sight::OtherTag(format!("{tag} points at {other} instead of {version}"));
        }
    }
    if let Some(by) = overtaking(decision, now, &wanted, &tag) {
        return Sight::Overtaken { by };
    }
    let rival = highest(decision, now, &wanted, &tag, |_| decision.work != Work::Nothing);
    Sight::Done {
        notes: other_tags(decision, now),
        rival,
    }
}

/// Why the decision is out of date, just before the write, when the registry shows `now`: npm moves a tag away from any
/// version. A number that is taken by now is left to npm, which is refused, and to a comparison of the bytes.
pub fn outdated(decision: &Decision, now: &PackageState) -> Option<String> {
    let tag = &decision.tag;
    if decision.work == Work::Publish && now.versions.contains_key(&decision.version) {
        return None;
    }
    let (before, current) = (decision.tags_before.get(tag), now.tags.get(tag));
    if current != before {
        let (before, current) = (shown(before), shown(current));
        return Some(format!(
            "{tag} pointed at {before} when this was planned, and now at {current}"
        ));
    }
    let by = overtaking(decision, now, &decision.version.parse().ok()?, &tag.parse().ok()?)?;
    Some(format!(
        "{by} was published since this was planned, and is higher than {}",
        decision.version
    ))
}

/// The highest version that was published meanwhile and is to have the tag. `latest` waits for a promotion.
fn overtaking(
    decision: &Decision,
    now: &PackageState,
    version: &ReleaseVersion,
    tag: &DistTag,
) -> Option<String> {
    let waits = *tag == DistTag::Latest && decision.work != Work::Publish;
    highest(decision, now, version, tag, |other| {
        !waits && !decision.versions_before.contains(other)
    })
}

/// The highest version above this one, and above the broken one of a rollback, that may go under the tag.
fn highest(
    decision: &Decision,
    now: &PackageState,
    version: &ReleaseVersion,
    tag: &DistTag,
    counts: impl Fn(&String) -> bool,
) -> Option<String> {
    let broken = decision.broken.as_ref().and_then(|broken| broken.parse().ok());
    let floor = broken.as_ref().unwrap_or(version);
    let higher = above(now, floor, tag).filter(|other| counts(&other.to_string()));
    let highest = higher.max_by(|one, other| one.precedence(other))?;
    Some(highest.to_string())
}

fn shown(version: Option<&String>) -> String {
    version.cloned().unwrap_or_else(|| "nothing".to_owned())
}

/// Other tags that moved meanwhile, which is nothing of this change.
fn other_tags(decision: &Decision, now: &PackageState) -> Vec<String> {
    let names = decision.tags_before.keys().chain(now.tags.keys());
    let mut names: Vec<&String> = names.filter(|name| **name != decision.tag).collect();
    names.sort();
    names.dedup();
    let moved = names.into_iter().filter(|name| {
        let now = now.tags.get(*name);
        now != decision.tags_before.get(*name) && now != decision.tags_after.get(*name)
    });
    moved
        .map(|name| {
            let (before, now) = (decision.tags_before.get(name), now.tags.get(name));
            format!("{name} moved meanwhile, from {} to {}", shown(before), shown(now))
        })
        .collect()
}
