//! What anyone can verify about a published version, from the registry alone.
//!
//! Every check is a line with its result. What the registry does not offer is reported as not checked, never as passed.

mod attestation;
mod document;
mod signature;

use std::borrow::Cow;

use ktx_inspect::Package;
use ktx_names::NPM_PACKAGE;
use ktx_provenance::{RegistryKeys, TrustRoot};
use ktx_publish::PublishError;
use ktx_publish::artifacts::integrity_of;
use ktx_publish::provenance::Evidence;
use ktx_publish::registry::Registry;
use serde::Serialize;

use self::document::{RegistryDocument, Version};

/// A version as the registry serves it.
#[derive(Debug)]
pub struct Published {
    pub version: String,
    /// The tarball as it came.
    pub bytes: Vec<u8>,
    /// Absent when the strict reader refuses the tarball.
    pub package: Option<Package>,
    pub checks: Vec<Check>,
}

/// Whose attestations count.
pub struct Trust {
    pub root: TrustRoot,
    /// Whether a version without provenance fails.
    pub required: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What holds when it passed.
    pub claim: &'static str,
    #[serde(flatten)]
    pub verdict: ClaimStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum ClaimStatus {
    Passed,
    Failed {
        /// Stable name.
        code: Cow<'static, str>,
        cause: String,
    },
    NotChecked {
        why: String,
    },
}

impl Check {
    pub fn passed(claim: &'static str) -> Self {
        Self {
            claim,
            verdict: ClaimStatus::Passed,
        }
    }

    pub fn failed(claim: &'static str, code: impl Into<Cow<'static, str>>, cause: impl ToString) -> Self {
        let (code, cause) = (code.into(), cause.to_string());
        Self {
            claim,
            verdict: ClaimStatus::Failed { code, cause },
        }
    }

    fn skipped(claim: &'static str, why: impl ToString) -> Self {
        Self {
            claim,
            verdict: ClaimStatus::NotChecked { why: why.to_string() },
        }
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.verdict, ClaimStatus::Failed { .. })
    }

    /// The check in one line.
    pub fn line(&self) -> String {
        match &self.verdict {
            ClaimStatus::Passed => format!("passed: {}", self.claim),
            ClaimStatus::Failed { code, cause } => format!("FAILED: {}: {cause} [{code}]", self.claim),
            ClaimStatus::NotChecked { why } => format!("not checked: {}: {why}", self.claim),
        }
    }
}

/// Fetches a version, by number or dist-tag, and checks what the registry says about it.
pub fn fetch(registry: &Registry, asked: &str, trust: &Trust) -> Result<Published, PublishError> {
    let document = RegistryDocument::fetch(registry)?;
    let (version, described) = document.version(asked).ok_or_else(|| PublishError::Usage {
        message: format!(
            "{} has no version or dist-tag {asked} of {NPM_PACKAGE}",
            registry.url()
        ),
        hint: format!(
            "npm view {NPM_PACKAGE} versions dist-tags --registry={}",
            registry.url()
        ),
    })?;
    let bytes = registry.tarball(&described.dist.tarball)?;
    let address = described.dist.attestations.as_ref();
    let evidence = Evidence::fetch(registry, address.map(|attestations| attestations.url.as_str()))?;
    let mut checks = vec![integrity(described, &bytes)];
    let (package, read) = read(&bytes);
    checks.push(read);
    checks.extend(package.iter().flat_map(|package| sizes(described, package)));
    let published_at = document.published_at(&version);
    checks.push(signature::check(
        evidence.keys(),
        &version,
        published_at,
        described,
    ));
    checks.extend(attestation::check(&evidence, &version, &bytes, trust));
    Ok(Published {
        version,
        bytes,
        package,
        checks,
    })
}

/// Checks a saved tarball and its saved attestations; no registry is asked.
pub fn saved(
    version: String,
    bytes: Vec<u8>,
    attestations: Option<String>,
    keys: Option<RegistryKeys>,
    trust: &Trust,
) -> Published {
    let evidence = Evidence::saved(attestations, keys);
    let (package, read) = read(&bytes);
    let mut checks = vec![read];
    checks.extend(attestation::check(&evidence, &version, &bytes, trust));
    Published {
        version,
        bytes,
        package,
        checks,
    }
}

/// The package, when the strict reader takes it.
fn read(bytes: &[u8]) -> (Option<Package>, Check) {
    const CLAIM: &str = "the tarball has one reading only";
    match Package::read(bytes) {
        Ok(package) => (Some(package), Check::passed(CLAIM)),
        Err(error) => (None, Check::failed(CLAIM, "tarball-unreadable", error)),
    }
}

fn integrity(described: &Version, bytes: &[u8]) -> Check {
    const CLAIM: &str = "the bytes are those that the registry announces";
    let found = integrity_of(bytes).0;
    match &described.dist.integrity {
        None => Check::failed(CLAIM, "integrity-missing", "it announces no integrity"),
        Some(announced) if *announced != found => Check::failed(
            CLAIM,
            "integrity-differs",
            format!("announced {announced}, served {found}"),
        ),
        Some(_) => Check::passed(CLAIM),
    }
}

fn sizes(described: &Version, package: &Package) -> Vec<Check> {
    let compare = |claim, code, announced: Option<u64>, found: u64| match announced {
        None => Check::skipped(claim, "the registry does not say"),
        Some(announced) if announced == found => Check::passed(claim),
        Some(announced) => Check::failed(claim, code, format!("announced {announced}, found {found}")),
    };
    let (size, count) = (package.unpacked_bytes(), package.files.len() as u64);
    vec![
        compare(
            "the files have the announced size",
            "size-differs",
            described.dist.unpacked_size,
            size,
        ),
        compare(
            "there are as many files as announced",
            "file-count-differs",
            described.dist.file_count,
            count,
        ),
    ]
}
