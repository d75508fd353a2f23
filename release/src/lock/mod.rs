//! The locked requirements of the payload, and whether they still belong to its `pyproject.toml`.
//!
//! The header of a lock file ([`LockFile`]) has a digest over what the resolver was given and one over what it answered,
//! so that drift and edits are found without a network. Making the files is the work of `uv pip compile`, which this
//! module does not run.

mod pins;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::{Feature, Finding, LockFile, LockFileError, Sha256Digest};
use pep440_rs::Version;
use pep508_rs::{PackageName, Requirement};
use serde::Serialize;

use self::pins::Pins;
use crate::error::Error;
use crate::pyproject::Project;

pub use self::pins::{LockedDistribution, distributions};

/// Where the locks are, below the root of the sources.
pub const FOLDER: &str = "python/locks";

/// What else is in that folder: the licences of the locked distributions.
const LICENSES: &str = "licenses.toml";

const REMAKE: &str = "run: cargo xtask lock";

/// A lock file: its path, for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

/// The text of a lock file with `pins`, which were resolved from this `pyproject.toml` as of `uploaded_before`.
pub fn text(project: &Project, uploaded_before: Timestamp, pins: &str) -> String {
    let inputs = Inputs::of(project).digest();
    LockFile {
        inputs,
        uploaded_before,
        pins,
    }
    .to_string()
}

/// All that is wrong with a lock file, which making it again repairs: drift, an edit, a pin without a hash, a registry's
/// address.
pub fn check(project: &Project, feature: Feature, lock: Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(drift(project, lock));
    let pins = Pins::read(lock, &mut findings);
    for requirement in requirements(project, feature) {
        findings.extend(pins.unmet(requirement, lock.path));
    }
    findings
}

/// The pins of a lock without their hashes, as a resolver may be shown them that is to ask the index.
pub fn without_hashes(lock: &str) -> String {
    let lines = lock
        .lines()
        .filter(|line| !line.trim_start().starts_with("--hash="))
        .map(|line| line.trim_end_matches('\\').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

fn drift(project: &Project, lock: Source<'_>) -> Option<Finding> {
    let (code, reason) = match LockFile::read(lock.text) {
        Ok(read) if read.inputs == Inputs::of(project).digest() => return None,
        Ok(_) => (
            "lock-stale",
            format!("it was made from another `{}`", project.path.display()),
        ),
        Err(error @ LockFileError::Content) => ("lock-altered", error.to_string()),
        Err(error) => ("lock-stale", error.to_string()),
    };
    let message = format!("failed to use `{}`: {reason}", lock.path);
    Some(Finding::error(code, message).with_hint(REMAKE))
}

/// Features without an extra in `pyproject.toml`, and extras that are not a feature: nobody could install them.
pub fn unmatched(project: &Project) -> Vec<Finding> {
    let extras: Vec<&str> = project.optional_dependencies.keys().map(AsRef::as_ref).collect();
    let features: Vec<&str> = Feature::ALL.into_iter().filter_map(Feature::extra).collect();
    let path = project.path.display();
    let missing = features.iter().filter(|feature| !extras.contains(feature));
    let missing =
        missing.map(|feature| format!("failed to use `{path}`: it has no extra for the feature `{feature}`"));
    let unknown = extras.iter().filter(|extra| !features.contains(extra));
    let unknown = unknown
        .map(|extra| format!("failed to use `{path}`: its extra `{extra}` is not a feature of the runtime"));
    missing
        .chain(unknown)
        .map(|message| {
            Finding::error("lock-feature", message)
                .with_hint("list the same features in `python/pyproject.toml` and in `names/src/feature.rs`")
        })
        .collect()
}

/// Distributions that two locks pin to different versions: features share one environment, which holds one of each.
pub fn clashes(locks: &[(Feature, String)]) -> Vec<Finding> {
    let mut known: BTreeMap<PackageName, (Feature, BTreeSet<Version>)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (feature, text) in locks {
        let mut own: BTreeMap<PackageName, BTreeSet<Version>> = BTreeMap::new();
        for pinned in distributions(text) {
            own.entry(pinned.name).or_default().insert(pinned.version);
        }
        for (name, versions) in own {
            let (first, others) = known
                .entry(name.clone())
                .or_insert_with(|| (*feature, versions.clone()));
            if *others != versions {
                let shown = |versions: &BTreeSet<Version>| {
                    versions
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(" or ")
                };
                let message = format!(
                    "failed to use `{FOLDER}/{}`: it pins {name} to {}, and `{FOLDER}/{}` to {}",
                    feature.lock_file(),
                    shown(&versions),
                    first.lock_file(),
                    shown(others)
                );
                findings.push(Finding::error("lock-clash", message).with_hint(REMAKE));
            }
        }
    }
    findings
}

/// Files beside the locks that are not the lock of a feature: nothing reads them, and they look as if they counted.
pub fn strays(root: &Path) -> Result<Vec<Finding>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).map_err(Error::File)? {
        let name = entry.map_err(Error::File)?.file_name();
        if name != LICENSES && !Feature::ALL.iter().any(|feature| name == feature.lock_file()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    let finding = |name| {
        let message = format!("failed to use `{FOLDER}/{name}`: it is not the lock of a feature");
        Finding::error("lock-stray", message).with_hint("remove it")
    };
    Ok(names.into_iter().map(finding).collect())
}

/// What the resolver is given. The rest of `pyproject.toml` (descriptions, linters) leaves a lock as it is.
#[derive(Serialize)]
struct Inputs {
    #[serde(rename = "requires-python")]
    requires_python: String,
    /// Normalised, so that blanks and order do not count.
    dependencies: Vec<String>,
    #[serde(rename = "optional-dependencies")]
    optional_dependencies: BTreeMap<String, Vec<String>>,
    /// `[tool.uv]`, which may hold constraints, overrides and sources; its build backend resolves nothing.
    uv: BTreeMap<String, serde_json::Value>,
}

impl Inputs {
    fn of(project: &Project) -> Inputs {
        Inputs {
            requires_python: project.requires_python.to_string(),
            dependencies: normalised(&project.dependencies),
            optional_dependencies: project
                .optional_dependencies
                .iter()
                .map(|(extra, list)| (extra.to_string(), normalised(list)))
                .collect(),
            uv: project.resolver.clone(),
        }
    }

    fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(ktx_manifest::json_text(self))
    }
}

/// The direct requirements of a feature.
fn requirements(project: &Project, feature: Feature) -> impl Iterator<Item = &Requirement> {
    let extras = project.optional_dependencies.iter();
    let extra = extras.filter(move |(name, _)| feature.extra() == Some(name.as_ref()));
    project
        .dependencies
        .iter()
        .chain(extra.flat_map(|(_, list)| list))
}

fn normalised(requirements: &[Requirement]) -> Vec<String> {
    let mut texts: Vec<String> = requirements.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests;
