//! The locked requirements of the payload, and whether they still belong to its `pyproject.toml`.
//!
//! A lock file starts with a line that holds a digest over what the resolver was given, so that drift is found
//! without a network. Making the files is the work of `uv pip compile`, which this module does not run.

mod pins;

use std::collections::BTreeMap;

use ktx_manifest::{Finding, Sha256Digest};
use pep508_rs::Requirement;
use serde::{Deserialize, Serialize};

use self::pins::Pins;
use crate::pyproject::Project;

const HEADER: &str = "# pyproject-sha256: ";
const REMAKE: &str = "run: cargo xtask lock";

/// A feature level of the runtime, which has a lock file of its own: a full closure by itself.
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

/// A `pyproject.toml`: where it lies, for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

/// The first line of a lock file made from this `pyproject.toml`, with its line break.
pub fn header(pyproject: Source<'_>) -> Result<String, Vec<Finding>> {
    Ok(format!("{HEADER}{}\n", Inputs::read(pyproject)?.digest()))
}

/// All that is wrong with a lock file: drift, a pin without a hash, a registry's address.
pub fn check(pyproject: Source<'_>, level: LockLevel, lock: Source<'_>) -> Vec<Finding> {
    let inputs = match Inputs::read(pyproject) {
        Ok(inputs) => inputs,
        Err(findings) => return findings,
    };
    let mut findings = Vec::new();
    findings.extend(drift(&inputs, pyproject.path, lock));
    let pins = Pins::read(lock, &mut findings);
    for requirement in inputs.requirements(level) {
        findings.extend(pins.unmet(requirement, lock.path));
    }
    findings
}

fn drift(inputs: &Inputs, pyproject: &str, lock: Source<'_>) -> Option<Finding> {
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
            stale(&format!("it was made from another `{pyproject}`"))
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
    #[serde(skip)]
    parsed: BTreeMap<Option<String>, Vec<Requirement>>,
}

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    #[serde(default)]
    uv: BTreeMap<String, serde_json::Value>,
}

impl Inputs {
    fn read(pyproject: Source<'_>) -> Result<Inputs, Vec<Finding>> {
        let project = Project::parse(pyproject.path, pyproject.text)?;
        let document: Document = toml_edit::de::from_str(pyproject.text).map_err(|error| {
            let message = format!("failed to parse `{}`: {error}", pyproject.path);
            vec![Finding::error("pyproject-malformed", message)]
        })?;
        let mut uv = document.tool.uv;
        uv.remove("build-backend");
        let extras = project.optional_dependencies.iter();
        let mut parsed: BTreeMap<_, _> = extras
            .map(|(extra, list)| (Some(extra.to_string()), list.clone()))
            .collect();
        parsed.insert(None, project.dependencies.clone());
        Ok(Inputs {
            requires_python: project.requires_python.to_string(),
            dependencies: normalised(&project.dependencies),
            optional_dependencies: project
                .optional_dependencies
                .iter()
                .map(|(extra, list)| (extra.to_string(), normalised(list)))
                .collect(),
            uv,
            parsed,
        })
    }

    fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(ktx_manifest::json_text(self))
    }

    /// The direct requirements of a level.
    fn requirements(&self, level: LockLevel) -> impl Iterator<Item = &Requirement> {
        let extra = level.extra().map(str::to_owned);
        let levels = [Some(None), extra.map(Some)];
        levels
            .into_iter()
            .flatten()
            .filter_map(|key| self.parsed.get(&key))
            .flatten()
    }
}

fn normalised(requirements: &[Requirement]) -> Vec<String> {
    let mut texts: Vec<String> = requirements.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests;
