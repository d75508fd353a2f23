//! What each release mode demands of the policy's own values and of the artifacts that were built.

use ktx_names::{ArtifactPackage, Ecosystem, Finding, NPM_PACKAGE};

use crate::release_policy::{ReleaseMode, ReleasePolicy};
use crate::version::ReleaseVersion;

/// A value of the policy is not what its mode demands.
pub const POLICY_VALUE: &str = "policy-mode";

/// The policy's smoke is of another version.
pub const POLICY_VERSION: &str = "policy-version";

/// The artifacts are not what the mode demands.
pub const POLICY_ARTIFACTS: &str = "policy-artifacts";

/// Everything in which policy and artifacts break the rules of the policy's mode. `version` is the one version of
/// everything.
pub fn check(
    policy: &ReleasePolicy,
    artifacts: &[ArtifactPackage],
    version: &ReleaseVersion,
) -> Vec<Finding> {
    match policy.release_mode {
        ReleaseMode::NpmPublicReleaseReady => ready(policy, artifacts, version),
        mode => closed(mode, policy, artifacts, version),
    }
}

/// The modes in which nothing is published.
fn closed(
    mode: ReleaseMode,
    policy: &ReleasePolicy,
    artifacts: &[ArtifactPackage],
    version: &ReleaseVersion,
) -> Vec<Finding> {
    let label = format!("{} policy", mode.name());
    let mut findings = Vec::new();
    let mut demand = |holds: bool, demand: &str| {
        if !holds {
            findings.push(value(format!("{label} must keep {demand}")));
        }
    };
    demand(!policy.npm.publish, "npm.publish false");
    demand(!policy.python.publish, "python.publish false");
    demand(policy.npm.registry.is_none(), "npm.registry null");
    demand(policy.python.repository.is_none(), "python.repository null");
    findings.extend(mismatch(
        "npm.packages",
        &names(artifacts, Ecosystem::Npm),
        &policy.npm.packages,
    ));
    findings.extend(mismatch(
        "python.packages",
        &names(artifacts, Ecosystem::Python),
        &policy.python.packages,
    ));
    for package in artifacts {
        findings.extend(
            closed_metadata(&label, package, version)
                .into_iter()
                .map(metadata),
        );
    }
    if mode == ReleaseMode::PublishedPackageSmokeRequired {
        findings.extend(smoke_package_missing(mode, policy));
    }
    findings
}

fn closed_metadata(label: &str, package: &ArtifactPackage, version: &ReleaseVersion) -> Vec<String> {
    let name = &package.package_name;
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
        if package.package_version != version.to_string() {
            messages.push(format!(
                "{label} npm package {name} must use public version {version}"
            ));
        }
    } else {
        if !package.private {
            messages.push(format!("{label} npm package {name} must remain private"));
        }
        if !package.package_version.ends_with("-private") {
            messages.push(format!(
                "{label} npm package {name} must use a private version suffix"
            ));
        }
    }
    messages
}

/// The mode in which `cargo xtask publish --execute` may publish.
fn ready(policy: &ReleasePolicy, artifacts: &[ArtifactPackage], version: &ReleaseVersion) -> Vec<Finding> {
    let mode = policy.release_mode.name();
    let label = format!("{mode} policy");
    let mut findings = Vec::new();
    let mut demand = |holds: bool, demand: &str| {
        if !holds {
            findings.push(value(format!("{label} {demand}")));
        }
    };
    demand(policy.npm.publish, "requires npm.publish true");
    demand(!policy.python.publish, "keeps python.publish false");
    demand(policy.python.repository.is_none(), "keeps python.repository null");
    findings.extend(mismatch(
        "npm.packages",
        &[NPM_PACKAGE.to_owned()],
        &policy.npm.packages,
    ));
    findings.extend(mismatch(
        "python.packages",
        &names(artifacts, Ecosystem::Python),
        &policy.python.packages,
    ));
    findings.extend(
        ready_metadata(&label, artifacts, version)
            .into_iter()
            .map(metadata),
    );
    let smoke = &policy.published_package_smoke;
    if let Some(finding) = smoke_package_missing(policy.release_mode, policy) {
        findings.push(finding);
    } else if smoke.package_name.as_deref().map(str::trim) != Some(NPM_PACKAGE) {
        findings.push(value(format!(
            "{mode} release mode requires publishedPackageSmoke.packageName {NPM_PACKAGE}"
        )));
    }
    if smoke.version.trim() != version.to_string() {
        findings.push(Finding::error(
            POLICY_VERSION,
            format!("{mode} release mode requires publishedPackageSmoke.version {version}"),
        ));
    }
    findings
}

fn ready_metadata(label: &str, artifacts: &[ArtifactPackage], version: &ReleaseVersion) -> Vec<String> {
    let ours = |package: &&ArtifactPackage| {
        package.ecosystem == Ecosystem::Npm && package.package_name == NPM_PACKAGE
    };
    let Some(package) = artifacts.iter().find(ours) else {
        return vec![format!("{label} requires {NPM_PACKAGE} artifact metadata")];
    };
    let mut messages = Vec::new();
    if package.private {
        messages.push(format!("{label} requires {NPM_PACKAGE} to be publishable"));
    }
    if package.package_version != version.to_string() {
        messages.push(format!(
            "{label} expected {NPM_PACKAGE} {version}, got {}",
            package.package_version
        ));
    }
    messages
}

fn smoke_package_missing(mode: ReleaseMode, policy: &ReleasePolicy) -> Option<Finding> {
    let name = policy
        .published_package_smoke
        .package_name
        .as_deref()
        .unwrap_or_default();
    name.trim().is_empty().then(|| {
        value(format!(
            "{} release mode requires release-policy.json publishedPackageSmoke.packageName",
            mode.name()
        ))
    })
}

fn mismatch(key: &str, expected: &[String], got: &[String]) -> Option<Finding> {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    let (expected, got) = (sorted(expected), sorted(got));
    (expected != got).then(|| {
        value(format!(
            "Release policy {key} mismatch: expected {}, got {}",
            expected.join(", "),
            got.join(", ")
        ))
    })
}

fn value(message: String) -> Finding {
    Finding::error(POLICY_VALUE, message)
}

fn metadata(message: String) -> Finding {
    Finding::error(POLICY_ARTIFACTS, message)
}

fn names(artifacts: &[ArtifactPackage], ecosystem: Ecosystem) -> Vec<String> {
    artifacts
        .iter()
        .filter(|package| package.ecosystem == ecosystem)
        .map(|package| package.package_name.clone())
        .collect()
}
