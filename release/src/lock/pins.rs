//! The pinned requirements of a lock file: pip's requirement format as `uv pip compile --generate-hashes` writes it.

use std::collections::BTreeMap;

use ktx_manifest::{Finding, Sha256Digest};
use pep440_rs::{Operator, Version};
use pep508_rs::{MarkerTree, PackageName, Requirement, VersionOrUrl};

use super::{REMAKE, Source};

/// A distribution as a lock pins it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedDistribution {
    pub name: PackageName,
    pub version: Version,
    /// Of the files that may be installed.
    pub sha256: Vec<Sha256Digest>,
}

/// The distributions that a lock pins, in its order; lines that [`super::check`] refuses are left out.
pub fn distributions(text: &str) -> Vec<LockedDistribution> {
    let lines = logical_lines(text);
    lines.iter().filter_map(|(_, line)| pin(line).ok()).collect()
}

/// The versions a lock allows for each distribution; several where its markers exclude each other.
#[derive(Debug, Default)]
pub(super) struct Pins(BTreeMap<PackageName, Vec<Version>>);

impl Pins {
    /// Reads all pins; what is wrong with a line becomes a finding that names it.
    pub fn read(lock: Source<'_>, findings: &mut Vec<Finding>) -> Pins {
        let mut pins = Pins::default();
        for (number, line) in logical_lines(lock.text) {
            match pin(&line) {
                Ok(pinned) => pins.0.entry(pinned.name).or_default().push(pinned.version),
                Err((code, reason)) => {
                    let message = format!("failed to use `{}`: line {number} {reason}", lock.path);
                    findings.push(Finding::error(code, message).with_hint(REMAKE));
                }
            }
        }
        pins
    }

    /// A direct requirement that the lock leaves out or pins to a version that does not fit.
    pub fn unmet(&self, requirement: &Requirement, lock: &str) -> Option<Finding> {
        let incomplete = |reason: String| {
            let message = format!("failed to use `{lock}`: {reason}");
            Some(Finding::error("lock-incomplete", message).with_hint(REMAKE))
        };
        let Some(versions) = self.0.get(&requirement.name) else {
            return incomplete(format!("it has no pin for `{requirement}`"));
        };
        let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &requirement.version_or_url else {
            return None;
        };
        if requirement.marker != MarkerTree::TRUE {
            return None;
        }
        let misfit = versions.iter().find(|version| !specifiers.contains(version))?;
        incomplete(format!(
            "it pins {} to {misfit}, which `{requirement}` excludes",
            requirement.name
        ))
    }
}

/// Lines without comments, each with its number, continuation lines joined.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continued = false;
            continue;
        }
        let (line, more) = line
            .strip_suffix('\\')
            .map_or((line, false), |line| (line.trim_end(), true));
        match lines.last_mut() {
            Some((_, whole)) if continued => {
                whole.push(' ');
                whole.push_str(line);
            }
            _ => lines.push((index + 1, line.to_owned())),
        }
        continued = more;
    }
    lines
}

fn pin(line: &str) -> Result<LockedDistribution, (&'static str, String)> {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let option = line.starts_with('-');
    if option || line.contains("://") || line.contains(" @ ") {
        return Err((
            "lock-address",
            "names an address or an option; a lock holds pins alone".to_owned(),
        ));
    }
    let mut parts = line.split(" --hash=");
    let text = parts.next().unwrap_or_default().trim();
    let requirement: Requirement = text
        .parse()
        .map_err(|error| ("lock-malformed", format!("does not parse: {error}")))?;
    let digest = |hash: &str| hash.trim().strip_prefix("sha256:")?.parse::<Sha256Digest>().ok();
    let sha256: Vec<_> = parts.map(digest).collect::<Option<_>>().unwrap_or_default();
    if sha256.is_empty() {
        return Err((
            "lock-unhashed",
            format!("pins {} without SHA-256 hashes", requirement.name),
        ));
    }
    let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &requirement.version_or_url else {
        return Err((
            "lock-unpinned",
            format!("names {} without a version", requirement.name),
        ));
    };
    match specifiers.iter().as_slice() {
        [specifier] if *specifier.operator() == Operator::Equal => Ok(LockedDistribution {
            name: requirement.name,
            version: specifier.version().clone(),
            sha256,
        }),
        _ => Err((
            "lock-unpinned",
            format!("does not pin {} to one version", requirement.name),
        )),
    }
}
