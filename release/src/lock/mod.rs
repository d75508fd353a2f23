//! The locked requirements of the payload, and whether they still belong to its `pyproject.toml`.
//!
//! A lock file starts with a line that holds a digest over what the resolver was given, so that drift is found
//! without a network. Making the files is the work of `uv pip compile`, which this module does not run.

mod pins;

use std::collections::BTreeMap;

use ktx_manifest::{Finding, Sha256Digest};
use pep508_rs::Requirement;
use serde::Serialize;

use self::pins::Pins;
pub use self::pins::{LockedDistribution, distributions};
use crate::pyproject::Project;

const HEADER: &str = "# pyproject-sha256: ";
const REMAKE: &str = "run: cargo xtask lock";

/// A feature level of the runtime, which has its own lock file: a full closure by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockLevel {
    Core,
    LocalEmbeddings,
}

impl LockLevel {
    pub const ALL: [LockLevel; 2] = [LockLevel::Core, LockLevel::LocalEmbeddings];

    pub fn file_name(self) -> &'static str {
        match self {
            LockLevel::Core => "core.txt",
            LockLevel::LocalEmbeddings => "local-embeddings.txt",
        }
    }

    /// The extra of the distribution that the level adds to its dependencies.
    pub fn extra(self) -> Option<&'static str> {
        match self {
            LockLevel::Core => None,
            LockLevel::LocalEmbeddings => Some("local-embeddings"),
        }
    }
}

/// A lock file: its path, for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

/// The first line of a lock file made from this `pyproject.toml`, with its line break.
pub fn header(project: &Project) -> String {
    format!("{HEADER}{}\n", Inputs::of(project).digest())
}

/// Whether a finding is one of [`check`], so that making the lock file again is what helps.
pub(crate) fn is_remade(finding: &Finding) -> bool {
    finding.code.starts_with("lock-")
}

/// All that is wrong with a lock file: drift, a pin without a hash, a registry's address.
pub fn check(project: &Project, level: LockLevel, lock: Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(drift(project, lock));
    let pins = Pins::read(lock, &mut findings);
    for requirement in requirements(project, level) {
        findings.extend(pins.unmet(requirement, lock.path));
    }
    findings
}

fn drift(project: &Project, lock: Source<'_>) -> Option<Finding> {
    let inputs = Inputs::of(project);
    let stale = |reason: &str| {
        let message = format!("failed to use `{}`: {reason}", lock.path);
        Some(Finding::error("lock-stale", message).with_hint(REMAKE))
    };
    let digest = lock
        .text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(HEADER));
    match digest.map(str::parse::<Sha256Digest>) {
        None => stale(&format!("its first line is not `{}<digest>`", HEADER)),
        Some(Err(error)) => stale(&error.to_string()),
        Some(Ok(recorded)) if recorded != inputs.digest() => {
            stale(&format!("it was made from another `{}`", project.path.display()))
        }
        Some(Ok(_)) => None,
    }
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

/// The direct requirements of a level.
fn requirements(project: &Project, level: LockLevel) -> impl Iterator<Item = &Requirement> {
    let extras = project.optional_dependencies.iter();
    let extra = extras.filter(move |(name, _)| level.extra() == Some(name.as_ref()));
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
