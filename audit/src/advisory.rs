//! An advisory in the [OSV format], and the versions that it is about.
//!
//! RustSec, the Python Packaging Authority and GitHub publish theirs in this format. What cannot be understood counts as
//! affected: an advisory is never dismissed because of the way it is written.
//!
//! [OSV format]: https://ossf.github.io/osv-schema/

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::Deserialize;

use crate::ecosystem::{Ecosystem, Version};

#[derive(Debug, Clone, Deserialize)]
pub struct Advisory {
    pub id: String,
    /// When it was taken back.
    pub withdrawn: Option<Timestamp>,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub affected: Vec<Affected>,
}

/// A package and some of its versions.
#[derive(Debug, Clone, Deserialize)]
pub struct Affected {
    pub package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    pub ecosystem: String,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

/// One of its values is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

impl Advisory {
    /// Whether it is about a version of a package.
    pub fn is_about(&self, ecosystem: Ecosystem, name: &str, version: &str) -> bool {
        self.withdrawn.is_none() && self.of(ecosystem, name).any(|one| one.has(ecosystem, version))
    }

    /// The versions that fix it, as it lists them.
    pub fn fixed(&self, ecosystem: Ecosystem, name: &str) -> Vec<String> {
        let ranges = self.of(ecosystem, name).flat_map(|one| &one.ranges);
        let ranges = ranges.filter(|range| range.kind != GIT);
        ranges
            .flat_map(|range| &range.events)
            .filter_map(|event| event.fixed.clone())
            .collect()
    }

    fn of(&self, ecosystem: Ecosystem, name: &str) -> impl Iterator<Item = &Affected> {
        let name = ecosystem.canonical(name);
        self.affected.iter().filter(move |one| {
            one.package.as_ref().is_some_and(|package| {
                Ecosystem::of_advisory(&package.ecosystem) == Some(ecosystem)
                    && ecosystem.canonical(&package.name) == name
            })
        })
    }
}

/// Ranges of commits say nothing about versions.
const GIT: &str = "GIT";

impl Affected {
    fn has(&self, ecosystem: Ecosystem, version: &str) -> bool {
        let Some(parsed) = ecosystem.version(version) else {
            return true;
        };
        let is_same = |listed: &String| {
            listed == version
                || ecosystem
                    .version(listed)
                    .is_some_and(|listed| listed.precedence(&parsed) == Some(Ordering::Equal))
        };
        let mut ranges = self.ranges.iter().filter(|range| range.kind != GIT).peekable();
        if self.versions.is_empty() && ranges.peek().is_none() {
            return true;
        }
        self.versions.iter().any(is_same) || ranges.any(|range| range.has(ecosystem, &parsed))
    }
}

/// What happens at a version, in the order in which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Later versions are not affected.
    AfterLast,
    Fixed,
    Introduced,
}

impl Range {
    /// <https://ossf.github.io/osv-schema/#evaluation>
    fn has(&self, ecosystem: Ecosystem, version: &Version) -> bool {
        let at = |text: &str| ecosystem.version(text);
        let reached = |point: &Version, least: Ordering| {
            version
                .precedence(point)
                .is_some_and(|order| order == Ordering::Greater || order == least)
        };
        let mut limits = self
            .events
            .iter()
            .filter_map(|event| event.limit.as_deref())
            .peekable();
        let is_within = limits.peek().is_none()
            || limits.any(|limit| at(limit).is_none_or(|limit| !reached(&limit, Ordering::Equal)));
        if !is_within {
            return false;
        }
        let mut turns: Vec<(Option<Version>, Turn)> = Vec::new();
        for event in &self.events {
            // `0` is before every version, and so is what cannot be read.
            turns.extend(
                event
                    .introduced
                    .as_deref()
                    .map(|text| (at(text).filter(|_| text != "0"), Turn::Introduced)),
            );
            // A fix that cannot be read fixes nothing.
            let fixed = event.fixed.as_deref().and_then(at);
            turns.extend(fixed.map(|point| (Some(point), Turn::Fixed)));
            let last = event.last_affected.as_deref().and_then(at);
            turns.extend(last.map(|point| (Some(point), Turn::AfterLast)));
        }
        turns.sort_by(|(one, turn), (other, other_turn)| {
            match (one, other) {
                (Some(one), Some(other)) => one.precedence(other).unwrap_or(Ordering::Equal),
                _ => one.is_some().cmp(&other.is_some()),
            }
            .then(turn.cmp(other_turn))
        });
        let mut affected = false;
        for (point, turn) in &turns {
            let is_reached = point.as_ref().is_none_or(|point| {
                let least = match turn {
                    Turn::AfterLast => Ordering::Greater,
                    Turn::Fixed | Turn::Introduced => Ordering::Equal,
                };
                reached(point, least)
            });
            if is_reached {
                affected = *turn == Turn::Introduced;
            }
        }
        affected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecosystem::Ecosystem::{Crates, Npm, Python};

    fn is_about(ecosystem: Ecosystem, affected: &str, version: &str) -> bool {
        let name = ecosystem.in_advisories();
        let text = format!(
            r#"{{"id": "X-1", "affected": [{{"package": {{"ecosystem": "{name}", "name": "Left.Pad"}}, {affected}}}]}}"#
        );
        let advisory: Advisory = serde_json::from_str(&text).expect(&text);
        advisory.is_about(ecosystem, "Left.Pad", version)
    }

    fn events(kind: &str, events: &str) -> String {
        format!(r#""ranges": [{{"type": "{kind}", "events": [{events}]}}]"#)
    }

    #[test]
    fn a_range_ends_before_its_fix_and_after_its_last_version() {
        let until = r#"{"introduced": "0"}, {"fixed": "1.2.0"}"#;
        let last = r#"{"introduced": "1.0.0"}, {"last_affected": "1.2.0"}"#;
        let twice = r#"{"introduced": "2.0.0"}, {"fixed": "2.1.0"}, {"introduced": "0"}, {"fixed": "1.1.0"}"#;
        let back = r#"{"introduced": "0"}, {"fixed": "1.1.0"}, {"introduced": "1.1.0"}"#;
        let limited = r#"{"introduced": "1.0.0"}, {"limit": "2.0.0"}"#;
        for (ecosystem, text, version, expected) in [
            (Crates, until, "1.1.9", true),
            (Crates, until, "1.2.0", false),
            (Crates, until, "1.2.0-rc.1", true),
            (Crates, until, "1.2.0+build.7", false),
            (Crates, until, "0.0.0-0", true),
            (Crates, last, "0.9.0", false),
            (Crates, last, "1.2.0", true),
            (Crates, last, "1.2.1", false),
            (Npm, twice, "1.0.9", true),
            (Npm, twice, "1.1.0", false),
            (Npm, twice, "2.0.5", true),
            (Npm, twice, "2.1.0", false),
            (Npm, back, "1.1.0", true),
            (Npm, limited, "1.5.0", true),
            (Npm, limited, "2.0.0", false),
            (Python, until, "1.2", false),
            (Python, until, "1.2rc1", true),
            (Python, until, "1.2.post1", false),
            (Python, until, "1!0.1", false),
            (Python, until, "1.10", false),
            (Python, until, "1.1.10", true),
            (Python, r#"{"introduced": "0"}"#, "9.9", true),
            (Python, r#"{"fixed": "1.0"}"#, "0.9", false),
        ] {
            let found = is_about(ecosystem, &events("ECOSYSTEM", text), version);
            assert_eq!(found, expected, "{ecosystem} {text} {version}");
        }
    }

    #[test]
    fn versions_are_listed_or_in_a_range() {
        let unrelated = events("SEMVER", r#"{"introduced": "5.0.0"}"#);
        for (ecosystem, affected, version, expected) in [
            (Python, r#""versions": ["1.0", "1.1"]"#.to_owned(), "1.0", true),
            (Python, r#""versions": ["1.0", "1.1"]"#.to_owned(), "1.0.0", true),
            (Python, r#""versions": ["1.0", "1.1"]"#.to_owned(), "1.2", false),
            (
                Npm,
                format!(r#""versions": ["1.0.0"], {unrelated}"#),
                "1.0.0",
                true,
            ),
            (
                Npm,
                format!(r#""versions": ["1.0.0"], {unrelated}"#),
                "5.1.0",
                true,
            ),
            (
                Npm,
                format!(r#""versions": ["1.0.0"], {unrelated}"#),
                "1.0.1",
                false,
            ),
        ] {
            assert_eq!(
                is_about(ecosystem, &affected, version),
                expected,
                "{affected} {version}"
            );
        }
    }

    #[test]
    fn what_cannot_be_understood_counts_as_affected() {
        let commits = events("GIT", r#"{"introduced": "0"}, {"fixed": "c0ffee"}"#);
        for (affected, version) in [
            (r#""versions": []"#, "1.0.0"),
            (commits.as_str(), "1.0.0"),
            (&events("SEMVER", r#"{"introduced": "soon"}"#), "1.0.0"),
            (
                &events("SEMVER", r#"{"introduced": "0"}, {"fixed": "later"}"#),
                "1.0.0",
            ),
            (
                &events("SEMVER", r#"{"introduced": "0"}, {"limit": "*"}"#),
                "1.0.0",
            ),
            (&events("SEMVER", r#"{"introduced": "9.0.0"}"#), "not a version"),
        ] {
            assert!(is_about(Crates, affected, version), "{affected}");
        }
    }

    #[test]
    fn names_are_compared_as_the_ecosystem_compares_them() {
        let all = r#""versions": []"#;
        let named = |ecosystem: Ecosystem, name: &str| {
            let text = format!(
                r#"{{"id": "X-1", "affected": [{{"package": {{"ecosystem": "{}", "name": "Left.Pad"}}, {all}}}]}}"#,
                ecosystem.in_advisories()
            );
            let advisory: Advisory = serde_json::from_str(&text).expect("an advisory");
            let others = Ecosystem::ALL.into_iter().filter(|other| *other != ecosystem);
            assert!(
                others
                    .into_iter()
                    .all(|other| !advisory.is_about(other, name, "1.0.0"))
            );
            advisory.is_about(ecosystem, name, "1.0.0")
        };
        assert!(named(Python, "left_pad") && named(Python, "Left.Pad"));
        assert!(named(Npm, "Left.Pad") && !named(Npm, "left.pad"));
        assert!(named(Crates, "Left.Pad") && !named(Crates, "left-pad"));
    }

    #[test]
    fn a_withdrawn_advisory_is_about_nothing() {
        let text = r#"{"id": "X-1", "withdrawn": "2026-01-02T03:04:05Z",
            "affected": [{"package": {"ecosystem": "npm", "name": "left"}, "versions": ["1.0.0"]}]}"#;
        let advisory: Advisory = serde_json::from_str(text).expect("an advisory");
        assert!(!advisory.is_about(Npm, "left", "1.0.0"));
    }
}
