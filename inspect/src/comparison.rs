//! `dist/reports/diff.json`: the package to be released, compared with a published one. Written by `cargo xtask diff`,
//! read by readiness, which compares its sizes with the budgets of the policy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::smoke_report::SchemaVersion;
use ktx_manifest::{ContentId, Sha256Digest};
use ktx_names::Platform;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hosts::hosts;
use crate::locks::pins;
use crate::package::{File, Package};

/// The whole report. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Comparison {
    pub schema_version: SchemaVersion<1>,
    /// Address of the registry that was asked.
    pub registry: String,
    /// The package to be released.
    pub candidate: Side,
    /// The package it was compared with; null when the registry has none.
    pub against: Option<Side>,
    /// Null when there is nothing to compare with.
    pub changes: Option<Changes>,
    /// What the registry says about the last versions, oldest first.
    pub history: Vec<PublishedSize>,
}

/// One of the two packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Side {
    pub version: String,
    /// Digest and size of the tarball.
    pub sha256: Sha256Digest,
    pub bytes: u64,
    /// Number and size of the files in it.
    pub files: u64,
    pub unpacked_bytes: u64,
    /// Size of each program in bytes.
    pub programs: BTreeMap<Platform, u64>,
}

/// A version as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PublishedSize {
    pub version: String,
    /// When it was published, as the registry says it.
    pub published_at: Option<String>,
    /// Size of its files in bytes, as the registry says it.
    pub unpacked_bytes: Option<u64>,
}

/// Everything that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Changes {
    pub package: FileChanges,
    /// The same for the files of the wheel.
    pub wheel: FileChanges,
    pub programs: Vec<ProgramSize>,
    /// Locks by path, those that differ.
    pub locks: BTreeMap<String, LockChanges>,
    /// Keys of `package.json` that differ.
    pub package_json: Vec<KeyChange>,
    pub hosts: HostChanges,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FileChanges {
    /// Sizes in bytes by path.
    pub added: BTreeMap<String, u64>,
    pub removed: BTreeMap<String, u64>,
    /// Files with other content; their sizes may be the same.
    pub changed: BTreeMap<String, Changed>,
    pub modes: BTreeMap<String, ModeChange>,
}

/// Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    pub before: u64,
    pub after: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModeChange {
    BecameExecutable,
    NoLongerExecutable,
}

/// The program of a platform; sizes in bytes, null where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSize {
    pub platform: Platform,
    pub before: Option<u64>,
    pub after: Option<u64>,
}

/// Pins by the name of the distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LockChanges {
    pub added: BTreeMap<String, String>,
    pub removed: BTreeMap<String, String>,
    /// Another version, or the same with other hashes.
    pub changed: BTreeMap<String, PinChange>,
    /// When what is added or changed was uploaded; absent where the index does not tell.
    pub uploads: BTreeMap<String, Upload>,
}

/// The newest file of a distribution on its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    pub at: Timestamp,
    /// Whole days from then to the comparison.
    pub days: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinChange {
    pub before: String,
    pub after: String,
}

/// A key of `package.json` on its first level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    pub key: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Hosts that the files name in addresses, with the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostChanges {
    pub added: BTreeMap<String, BTreeSet<String>>,
    pub removed: BTreeMap<String, BTreeSet<String>>,
}

impl Side {
    pub fn of(version: &str, package: &Package) -> Self {
        let ContentId { sha256, bytes } = package.content;
        let programs = package.programs().into_iter();
        Self {
            version: version.to_owned(),
            sha256,
            bytes,
            files: package.files.len() as u64,
            unpacked_bytes: package.unpacked_bytes(),
            programs: programs.map(|(platform, file)| (platform, file.size())).collect(),
        }
    }
}

/// What differs between two packages.
pub fn compare(before: &Package, after: &Package) -> Changes {
    let [before_hosts, after_hosts] = both(hosts_by_name, before, after);
    Changes {
        package: FileChanges::between(&before.files, &after.files),
        wheel: FileChanges::between(&before.wheel, &after.wheel),
        programs: programs(before, after),
        locks: locks(before, after),
        package_json: package_json(before, after),
        hosts: HostChanges {
            added: only_in(&after_hosts, &before_hosts),
            removed: only_in(&before_hosts, &after_hosts),
        },
    }
}

/// Most of the time goes into reading every byte, so the two packages are read at the same time.
fn both<T: Send>(read: impl Fn(&Package) -> T + Sync, before: &Package, after: &Package) -> [T; 2] {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| read(before));
        let after = read(after);
        match other.join() {
            Ok(before) => [before, after],
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

impl FileChanges {
    fn between(before: &BTreeMap<String, File>, after: &BTreeMap<String, File>) -> Self {
        let only = |files: &BTreeMap<String, File>, others: &BTreeMap<String, File>| {
            let files = files.iter().filter(|(path, _)| !others.contains_key(*path));
            files.map(|(path, file)| (path.clone(), file.size())).collect()
        };
        let mut changes = Self {
            added: only(after, before),
            removed: only(before, after),
            ..Self::default()
        };
        for (path, new) in after {
            let Some(old) = before.get(path) else { continue };
            if old.content != new.content {
                let sizes = Changed {
                    before: old.size(),
                    after: new.size(),
                };
                changes.changed.insert(path.clone(), sizes);
            }
            let mode = match (old.executable, new.executable) {
                (false, true) => ModeChange::BecameExecutable,
                (true, false) => ModeChange::NoLongerExecutable,
                _ => continue,
            };
            changes.modes.insert(path.clone(), mode);
        }
        changes
    }
}

fn programs(before: &Package, after: &Package) -> Vec<ProgramSize> {
    let (before, after) = (before.programs(), after.programs());
    let platforms: BTreeSet<Platform> = before.keys().chain(after.keys()).copied().collect();
    let size = |platform: Platform| ProgramSize {
        platform,
        before: before.get(&platform).map(|file| file.size()),
        after: after.get(&platform).map(|file| file.size()),
    };
    platforms.into_iter().map(size).collect()
}

fn locks(before: &Package, after: &Package) -> BTreeMap<String, LockChanges> {
    let paths: BTreeSet<&String> = before
        .files
        .keys()
        .chain(after.files.keys())
        .filter(|path| path.starts_with(ASSETS) && path.ends_with(".txt"))
        .collect();
    let mut locks = BTreeMap::new();
    for path in paths {
        let of = |side: &Package| {
            side.files
                .get(path)
                .map(|file| pins(&file.content))
                .unwrap_or_default()
        };
        let (before, after) = (of(before), of(after));
        let mut changes = LockChanges::default();
        for (name, pin) in &after {
            match before.get(name) {
                None => drop(changes.added.insert(name.clone(), pin.version())),
                Some(old) if old == pin => {}
                Some(old) => {
                    let change = PinChange {
                        before: old.version(),
                        after: pin.version(),
                    };
                    changes.changed.insert(name.clone(), change);
                }
            }
        }
        let removed = before.iter().filter(|(name, _)| !after.contains_key(*name));
        changes
            .removed
            .extend(removed.map(|(name, pin)| (name.clone(), pin.version())));
        if changes != LockChanges::default() {
            locks.insert(path.clone(), changes);
        }
    }
    locks
}

/// The version always differs.
fn package_json(before: &Package, after: &Package) -> Vec<KeyChange> {
    let keys = |side: &Package| -> BTreeMap<String, Value> {
        let file = side.files.get("package.json");
        file.and_then(|file| serde_json::from_slice(&file.content).ok())
            .unwrap_or_default()
    };
    let (before, after) = (keys(before), keys(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|key| *key != "version" && before.get(*key) != after.get(*key));
    let change = |key: &String| KeyChange {
        key: key.clone(),
        before: before.get(key).cloned(),
        after: after.get(key).cloned(),
    };
    differing.map(change).collect()
}

type Hosts = BTreeMap<String, BTreeSet<String>>;

fn hosts_by_name(package: &Package) -> Hosts {
    let mut found = Hosts::new();
    let wheel = package
        .wheel
        .iter()
        .map(|(path, file)| (format!("wheel: {path}"), file));
    let files = package.files.iter().map(|(path, file)| (path.clone(), file));
    for (path, file) in files.chain(wheel) {
        for host in hosts(&file.content) {
            found.entry(host).or_default().insert(path.clone());
        }
    }
    found
}

fn only_in(hosts: &Hosts, others: &Hosts) -> Hosts {
    let new = hosts.iter().filter(|(host, _)| !others.contains_key(*host));
    new.map(|(host, paths)| (host.clone(), paths.clone())).collect()
}
