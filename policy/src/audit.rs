//! Which findings of an audit of the locked dependencies block a release: all that no waiver excuses today, and an audit
//! that had nothing recent to compare with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an audit has to fulfil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditPolicy {
    /// How many days old the newest advisory of an ecosystem may be.
    #[schemars(range(min = 1))]
    pub database_days: u32,
    /// Crates that must not be locked, each with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub banned: BTreeMap<String, String>,
    /// Crates that may be locked in several versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub duplicates: Vec<String>,
    /// Findings that block nothing for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

/// A finding that blocks nothing for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    /// The advisory, by its id or an alias; or `source`, `license`, `banned`.
    pub finding: String,
    /// The package that it is about.
    pub package: String,
    /// Why it does no harm here.
    pub reason: String,
    /// The last day on which it holds.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
}

/// What `dist/reports/audit.json` says about the artifacts at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audited {
    /// There is no audit.
    Not,
    /// It cannot be read; why.
    Unreadable(String),
    /// It is of the locks of another commit, or of changed ones.
    OtherCommit,
    /// What it found.
    Found(AuditFacts),
}

/// What an audit found, waived or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFacts {
    /// The day on which it is judged.
    pub today: Date,
    /// Everything that is wrong.
    pub findings: Vec<FoundFault>,
    /// What the advisories were compared with, by ecosystem.
    pub databases: Vec<DatabaseFacts>,
}

/// Something wrong with a locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFault {
    /// The advisory, or the rule.
    pub id: String,
    /// Other names of the advisory.
    pub aliases: Vec<String>,
    /// The package.
    pub package: String,
    /// The finding in one line.
    pub line: String,
}

/// The advisories of an ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The ecosystem, in the plural.
    pub ecosystem: String,
    /// Whether packages of it are locked.
    pub is_needed: bool,
    /// The day of the newest advisory; `None` when there are no advisories.
    pub newest: Option<Date>,
}

/// What an audit means under a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditVerdict {
    /// What blocks a release, one line each.
    pub blocking: Vec<String>,
    /// What was compared with nothing.
    pub unchecked: Vec<String>,
    /// Findings that a waiver excuses, each with the waiver.
    pub waived: Vec<String>,
    /// Waivers that excuse nothing.
    pub unused: Vec<String>,
}

impl AuditPolicy {
    /// Judges what was found, on the day of the facts.
    pub fn judge(&self, facts: &AuditFacts) -> AuditVerdict {
        let mut verdict = AuditVerdict::default();
        for fault in &facts.findings {
            let FoundFault { id, line, .. } = fault;
            let waiver = self.waivers.iter().filter(|waiver| waiver.is_of(fault));
            match waiver.max_by_key(|waiver| waiver.expires) {
                Some(Waiver { reason, expires, .. }) if *expires >= facts.today => {
                    verdict
                        .waived
                        .push(format!("{line} [{id}], waived until {expires}: {reason}"));
                }
                Some(Waiver { expires, .. }) => {
                    verdict
                        .blocking
                        .push(format!("{line} [{id}]; its waiver expired on {expires}"));
                }
                None => verdict.blocking.push(format!("{line} [{id}]")),
            }
        }
        for database in facts.databases.iter().filter(|database| database.is_needed) {
            let DatabaseFacts {
                ecosystem, newest, ..
            } = database;
            match newest {
                None => verdict
                    .unchecked
                    .push(format!("there are no advisories about {ecosystem}")),
                Some(newest) => verdict
                    .blocking
                    .extend(self.stale(ecosystem, *newest, facts.today)),
            }
        }
        let is_unused = |waiver: &&Waiver| !facts.findings.iter().any(|fault| waiver.is_of(fault));
        let unused = self.waivers.iter().filter(is_unused);
        verdict.unused = unused
            .map(|waiver| {
                format!(
                    "the waiver of {} for {} excuses nothing",
                    waiver.finding, waiver.package
                )
            })
            .collect();
        verdict
    }

    fn stale(&self, ecosystem: &str, newest: Date, today: Date) -> Option<String> {
        let days = days_between(newest, today);
        (days > i64::from(self.database_days)).then(|| {
            format!(
                "the newest advisory about {ecosystem} is {days} days old, more than the {} that databaseDays allows",
                self.database_days
            )
        })
    }
}

impl Waiver {
    fn is_of(&self, fault: &FoundFault) -> bool {
        let names = fault.aliases.iter().chain([&fault.id]);
        self.package == fault.package && names.into_iter().any(|name| *name == self.finding)
    }
}

/// The number of days from one to another.
pub fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiver(finding: &str, package: &str, expires: &str) -> Waiver {
        Waiver {
            finding: finding.to_owned(),
            package: package.to_owned(),
            reason: "the function is not called".to_owned(),
            expires: expires.parse().expect("a date"),
        }
    }

    fn judged(waivers: Vec<Waiver>, newest: Option<&str>) -> AuditVerdict {
        let policy = AuditPolicy {
            database_days: 14,
            banned: BTreeMap::new(),
            duplicates: Vec::new(),
            waivers,
        };
        policy.judge(&AuditFacts {
            today: "2026-03-10".parse().expect("a date"),
            findings: vec![FoundFault {
                id: "RUSTSEC-2026-0001".to_owned(),
                aliases: vec!["CVE-2026-1".to_owned()],
                package: "left".to_owned(),
                line: "left 1.0.0: it overflows".to_owned(),
            }],
            databases: vec![
                DatabaseFacts {
                    ecosystem: "crates".to_owned(),
                    is_needed: true,
                    newest: newest.map(|day| day.parse().expect("a date")),
                },
                DatabaseFacts {
                    ecosystem: "npm packages".to_owned(),
                    is_needed: false,
                    newest: None,
                },
            ],
        })
    }

    #[test]
    fn a_waiver_excuses_one_finding_until_its_last_day() {
        let blocking = "left 1.0.0: it overflows [RUSTSEC-2026-0001]";
        for (waivers, expected) in [
            (vec![], blocking.to_owned()),
            (
                vec![waiver("RUSTSEC-2026-0001", "left", "2026-03-10")],
                String::new(),
            ),
            (vec![waiver("CVE-2026-1", "left", "2027-01-01")], String::new()),
            (
                vec![waiver("CVE-2026-1", "left", "2026-03-09")],
                format!("{blocking}; its waiver expired on 2026-03-09"),
            ),
            (
                vec![
                    waiver("CVE-2026-1", "left", "2026-03-09"),
                    waiver("RUSTSEC-2026-0001", "left", "2026-04-01"),
                ],
                String::new(),
            ),
            (
                vec![waiver("RUSTSEC-2026-0001", "right", "2027-01-01")],
                blocking.to_owned(),
            ),
            (
                vec![waiver("RUSTSEC-2026-0002", "left", "2027-01-01")],
                blocking.to_owned(),
            ),
        ] {
            let verdict = judged(waivers.clone(), Some("2026-03-09"));
            assert_eq!(verdict.blocking.join("\n"), expected, "{waivers:?}");
            assert_eq!(verdict.waived.is_empty(), !expected.is_empty(), "{waivers:?}");
        }
        let unused = judged(vec![waiver("CVE-2026-1", "right", "2027-01-01")], None).unused;
        assert_eq!(unused, ["the waiver of CVE-2026-1 for right excuses nothing"]);
    }

    #[test]
    fn advisories_may_be_so_old_and_must_be_there() {
        let excused = || vec![waiver("CVE-2026-1", "left", "2027-01-01")];
        for (newest, blocking, unchecked) in [
            (Some("2026-02-24"), "", ""),
            (
                Some("2026-02-23"),
                "the newest advisory about crates is 15 days old, more than the 14 that databaseDays allows",
                "",
            ),
            (None, "", "there are no advisories about crates"),
        ] {
            let verdict = judged(excused(), newest);
            assert_eq!(verdict.blocking.join("\n"), blocking, "{newest:?}");
            assert_eq!(verdict.unchecked.join("\n"), unchecked, "{newest:?}");
        }
    }
}
