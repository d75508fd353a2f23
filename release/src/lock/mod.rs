//! The locked requirements of the payload, and whether they still belong to its `pyproject.toml`.
//!
//! The header of a lock file ([`LockFile`]) has a digest over what the resolver was given and one over what it answered,
//! so that drift and edits are found without a network. Making the files is the work of `uv pip compile`, which this
//! module does not run.

mod pins;

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::lock_file::LOCK_FILES;
use ktx_manifest::{Finding, LockFile, LockFileError, Sha256Digest};
use pep508_rs::Requirement;
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
            LockLevel::Core => LOCK_FILES[0],
            LockLevel::LocalEmbeddings => LOCK_FILES[1],
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

/// Whether a finding is one of [`check`], so that making the lock file again is what helps.
pub(crate) fn is_remade(finding: &Finding) -> bool {
    finding.code.starts_with("lock-") && finding.code != "lock-stray"
}

/// All that is wrong with a lock file: drift, an edit, a pin without a hash, a registry's address.
pub fn check(project: &Project, level: LockLevel, lock: Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(drift(project, lock));
    let pins = Pins::read(lock, &mut findings);
    for requirement in requirements(project, level) {
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

/// Files beside the locks that are not the lock of a level: nothing reads them, and they look as if they counted.
pub fn strays(root: &Path) -> Result<Vec<Finding>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).map_err(Error::File)? {
        let name = entry.map_err(Error::File)?.file_name();
        if name != LICENSES && !LockLevel::ALL.iter().any(|level| name == level.file_name()) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    let finding = |name| {
        let message = format!("failed to use `{FOLDER}/{name}`: it is not the lock of a feature level");
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
