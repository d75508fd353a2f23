//! What each release mode demands of the policy's own values and of the artifacts that were built.

use crate::finding::Finding;
use crate::release_policy::{NPM_PACKAGE, ReleaseMode, ReleasePolicy};
use crate::version::ReleaseVersion;

/// A package of the artifact manifest, as far as the modes look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactPackage {
    /// Which registry it would go to.
    pub ecosystem: Ecosystem,
    /// Its name there.
    pub name: String,
    /// Its version, in that ecosystem's form.
    pub version: String,
    /// Whether it is marked as one that must not be published.
    pub private: bool,
    /// The release mode that the build wrote down.
    pub release_mode: String,
}

/// A world of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecosystem {
    /// npm packages.
    Npm,
    /// Python distributions.
    Python,
}

/// Everything in which policy and artifacts break the rules of the policy's mode. `version` is the one version of
/// everything.
pub fn check(
    policy: &ReleasePolicy,
    artifacts: &[ArtifactPackage],
    version: &ReleaseVersion,
) -> Vec<Finding> {
    let messages = match policy.release_mode {
        ReleaseMode::NpmPublicReleaseReady => ready(policy, artifacts, version),
        mode => closed(mode, policy, artifacts, version),
    };
    messages
        .into_iter()
        .map(|message| Finding::new("policy-mode", message))
        .collect()
}

/// The modes in which nothing is published.
fn closed(
    mode: ReleaseMode,
    policy: &ReleasePolicy,
    artifacts: &[ArtifactPackage],
    version: &ReleaseVersion,
) -> Vec<String> {
    let label = format!("{} policy", mode.name());
    let mut messages = Vec::new();
    let mut demand = |holds: bool, demand: &str| {
        if !holds {
            messages.push(format!("{label} must keep {demand}"));
        }
    };
    demand(!policy.npm.publish, "npm.publish false");
    demand(!policy.python.publish, "python.publish false");
    demand(policy.npm.registry.is_none(), "npm.registry null");
    demand(policy.python.repository.is_none(), "python.repository null");
    messages.extend(mismatch(
        "npm.packages",
        &names(artifacts, Ecosystem::Npm),
        &policy.npm.packages,
    ));
    messages.extend(mismatch(
        "python.packages",
        &names(artifacts, Ecosystem::Python),
        &policy.python.packages,
    ));
    for package in artifacts {
        messages.extend(closed_metadata(&label, package, version));
    }
    if mode == ReleaseMode::PublishedPackageSmokeRequired {
        messages.extend(smoke_package_missing(mode, policy));
    }
    messages
}

fn closed_metadata(label: &str, package: &ArtifactPackage, version: &ReleaseVersion) -> Vec<String> {
    let name = &package.name;
    let mut messages = Vec::new();
    if package.release_mode != ReleaseMode::CiArtifactOnly.name() {
        messages.push(format!("Package {name} releaseMode must remain ci-artifact-only"));
    }
    if package.ecosystem == Ecosystem::Python {
        return messages;
    }
    if name == NPM_PACKAGE {
        if package.private {
            messages.push(format!(
                "{label} npm package {name} must be publishable when npm.publish is false"
            ));
        }
        if package.version != version.to_string() {
            messages.push(format!(
                "{label} npm package {name} must use public version {version}"
            ));
        }
    } else {
        if !package.private {
            messages.push(format!("{label} npm package {name} must remain private"));
        }
        if !package.version.ends_with("-private") {
            messages.push(format!(
                "{label} npm package {name} must use a private version suffix"
            ));
        }
    }
    messages
}

/// The mode in which `cargo xtask publish --execute` may publish.
fn ready(policy: &ReleasePolicy, artifacts: &[ArtifactPackage], version: &ReleaseVersion) -> Vec<String> {
    let mode = policy.release_mode.name();
    let label = format!("{mode} policy");
    let mut messages = Vec::new();
    let mut demand = |holds: bool, demand: &str| {
        if !holds {
            messages.push(format!("{label} {demand}"));
        }
    };
    demand(policy.npm.publish, "requires npm.publish true");
    demand(!policy.python.publish, "keeps python.publish false");
    demand(policy.python.repository.is_none(), "keeps python.repository null");
    messages.extend(mismatch(
        "npm.packages",
        &[NPM_PACKAGE.to_owned()],
        &policy.npm.packages,
    ));
    messages.extend(mismatch(
        "python.packages",
        &names(artifacts, Ecosystem::Python),
        &policy.python.packages,
    ));
    match artifacts
        .iter()
        .find(|package| package.ecosystem == Ecosystem::Npm && package.name == NPM_PACKAGE)
    {
        None => messages.push(format!("{label} requires {NPM_PACKAGE} artifact metadata")),
        Some(package) => {
            if package.private {
                messages.push(format!("{label} requires {NPM_PACKAGE} to be publishable"));
            }
            if package.version != version.to_string() {
                messages.push(format!(
                    "{label} expected {NPM_PACKAGE} {version}, got {}",
                    package.version
                ));
            }
        }
    }
    let smoke = &policy.published_package_smoke;
    if let Some(message) = smoke_package_missing(policy.release_mode, policy) {
        messages.push(message);
    } else if smoke.package_name.as_deref().map(str::trim) != Some(NPM_PACKAGE) {
        messages.push(format!(
            "{mode} release mode requires publishedPackageSmoke.packageName {NPM_PACKAGE}"
        ));
    }
    if smoke.version.trim() != version.to_string() {
        messages.push(format!(
            "{mode} release mode requires publishedPackageSmoke.version {version}"
        ));
    }
    messages
}

fn smoke_package_missing(mode: ReleaseMode, policy: &ReleasePolicy) -> Option<String> {
    let name = policy
        .published_package_smoke
        .package_name
        .as_deref()
        .unwrap_or_default();
    name.trim().is_empty().then(|| {
        format!(
            "{} release mode requires release-policy.json publishedPackageSmoke.packageName",
            mode.name()
        )
    })
}

fn mismatch(key: &str, expected: &[String], got: &[String]) -> Option<String> {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    let (expected, got) = (sorted(expected), sorted(got));
    (expected != got).then(|| {
        format!(
            "Release policy {key} mismatch: expected {}, got {}",
            expected.join(", "),
            got.join(", ")
        )
    })
}

fn names(artifacts: &[ArtifactPackage], ecosystem: Ecosystem) -> Vec<String> {
    artifacts
        .iter()
        .filter(|package| package.ecosystem == ecosystem)
        .map(|package| package.name.clone())
        .collect()
}
