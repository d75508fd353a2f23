//! What is wrong with the locked packages.

use std::collections::{BTreeMap, BTreeSet};

use crate::advisory::Advisory;
use crate::database::Database;
use crate::ecosystem::Ecosystem;
use crate::locked::LockedPackage;
use crate::report::AuditFinding;

/// The packages that an advisory is about: one finding for each package, version and advisory. Several advisories about
/// the same fault, which name each other as aliases, are one finding.
pub fn advisories(database: &Database, locked: &[LockedPackage]) -> Vec<AuditFinding> {
    let mut places: BTreeMap<(Ecosystem, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for package in locked {
        let key = (package.ecosystem, package.name.as_str(), package.version.as_str());
        places.entry(key).or_default().insert(&package.lock);
    }
    let mut findings = Vec::new();
    for ((ecosystem, name, version), locks) in places {
        let about = database.advisories.iter();
        let about = about.filter(|advisory| advisory.is_about(ecosystem, name, version));
        for group in same_faults(about) {
            let Some(first) = group.first() else { continue };
            let mut aliases: BTreeSet<String> = group.iter().map(|one| one.id.clone()).collect();
            aliases.extend(group.iter().flat_map(|one| one.aliases.clone()));
            aliases.remove(&first.id);
            findings.push(AuditFinding {
                id: first.id.clone(),
                aliases: aliases.into_iter().collect(),
                ecosystem,
                package: name.to_owned(),
                version: version.to_owned(),
                locks: locks.iter().map(|lock| (*lock).to_owned()).collect(),
                message: described(first, ecosystem, name),
            });
        }
    }
    findings
}

fn described(advisory: &Advisory, ecosystem: Ecosystem, name: &str) -> String {
    let summary = match advisory.summary.trim() {
        "" => "an advisory is about it",
        summary => summary,
    };
    let summary = summary.trim_end_matches('.');
    match advisory.fixed(ecosystem, name).join(" and ") {
        fixed if fixed.is_empty() => format!("{summary}; no version is known to fix it"),
        fixed => format!("{summary}; fixed in {fixed}"),
    }
}

/// Advisories in groups that share an id or an alias.
fn same_faults<'a>(advisories: impl Iterator<Item = &'a Advisory>) -> Vec<Vec<&'a Advisory>> {
    let mut groups: Vec<(BTreeSet<&str>, Vec<&Advisory>)> = Vec::new();
    for advisory in advisories {
        let mut names: BTreeSet<&str> = advisory.aliases.iter().map(String::as_str).collect();
        names.insert(&advisory.id);
        let mut group = vec![advisory];
        // One advisory may connect groups that had nothing in common before.
        for (other, members) in std::mem::take(&mut groups) {
            if other.is_disjoint(&names) {
                groups.push((other, members));
            } else {
                names.extend(other);
                group.extend(members);
            }
        }
        groups.push((names, group));
    }
    let sorted = |(_, mut group): (_, Vec<&'a Advisory>)| {
        group.sort_by(|one, other| one.id.cmp(&other.id));
        group
    };
    groups.into_iter().map(sorted).collect()
}

/// Packages whose bytes are not pinned, or that do not come from the registry.
pub fn sources(locked: &[LockedPackage]) -> Vec<AuditFinding> {
    let faulty = locked.iter().filter_map(|package| {
        let fault = package.fault.clone()?;
        Some(AuditFinding::of(package, "source", fault))
    });
    faulty.collect()
}

/// Crates that are locked in several versions.
pub fn duplicates(locked: &[LockedPackage]) -> Vec<AuditFinding> {
    let mut versions: BTreeMap<(&str, &str), Vec<&LockedPackage>> = BTreeMap::new();
    for package in locked
        .iter()
        .filter(|package| package.ecosystem == Ecosystem::Crates)
    {
        versions
            .entry((&package.lock, &package.name))
            .or_default()
            .push(package);
    }
    let several = versions.into_values().filter(|packages| packages.len() > 1);
    let described = |packages: Vec<&LockedPackage>| {
        let numbers: Vec<&str> = packages.iter().map(|package| package.version.as_str()).collect();
        let message = format!(
            "it is locked in {} versions: {}",
            numbers.len(),
            numbers.join(", ")
        );
        packages
            .last()
            .map(|package| AuditFinding::of(package, "duplicate", message))
    };
    several.filter_map(described).collect()
}
