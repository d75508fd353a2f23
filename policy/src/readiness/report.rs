//! The report and its JSON.

use ktx_names::NPM_PACKAGE;
use serde::Serialize;

use crate::mode_rules;
use crate::release_policy::{Access, ReleaseMode, ReleasePolicy, RuntimeInstaller};

use super::facts::{Artifacts, ReadinessFacts, SmokeProof};
use super::gate::Gate;
use super::gates;

/// The readiness report. Its JSON is an interface: pipelines read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessReport {
    /// Version of this format: 1.
    pub schema_version: u32,
    /// The policy's mode.
    pub release_mode: ReleaseMode,
    /// The commit that the artifacts were built from.
    pub source_revision: Option<String>,
    /// `npm.publish` of the policy.
    pub npm_publish_enabled: bool,
    /// `python.publish` of the policy.
    pub python_publish_enabled: bool,
    /// The packages that the artifacts hold.
    pub package_names: Vec<String>,
    /// What to prove after publishing.
    pub published_package_smoke_gate: SmokeGate,
    /// How the shipped program finds uv.
    pub runtime_installer: RuntimeInstaller,
    /// What would be published; null in every mode but the one that publishes.
    pub npm_publish: Option<NpmPublish>,
    /// Decisions that are still open.
    pub blocked_publishing_decisions: Vec<String>,
    /// Whether every gate is open.
    pub ready: bool,
    /// The gates, in the order in which they are opened.
    pub gates: Vec<Gate>,
    /// What kind of thing is missing, when not every gate is open.
    #[serde(skip)]
    pub kind: NotReadyKind,
}

/// Why a release is not ready, as exit codes tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReadyKind {
    /// A condition does not hold.
    Policy,
    /// Nothing was built.
    Prerequisite,
    /// Bytes are not those which were built or proven.
    Integrity,
}

/// The smoke of the published package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SmokeGate {
    /// `required` or `not_required`.
    pub status: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The command that runs it.
    pub script: &'static str,
    /// `release-policy` when the policy names the package.
    pub config_source: Option<&'static str>,
    /// The package that it installs.
    pub package_name: Option<String>,
    /// The version that it installs.
    pub version: String,
    /// Where from; null is npm's default.
    pub registry: Option<String>,
}

/// What would be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NpmPublish {
    /// The package.
    pub package_name: &'static str,
    /// Its version.
    pub version: String,
    /// Who may install it.
    pub access: Access,
    /// Under which dist-tag.
    pub tag: String,
    /// Where; null is npm's default.
    pub registry: Option<String>,
}

/// Judges whether a release may be published.
pub fn assess(policy: &ReleasePolicy, facts: &ReadinessFacts) -> ReadinessReport {
    let (packages, source_revision) = match &facts.artifacts {
        Artifacts::Verified(verified) => (verified.packages.as_slice(), verified.source_revision.clone()),
        _ => (&[][..], None),
    };
    let findings = match &facts.artifacts {
        Artifacts::Verified(_) => mode_rules::check(policy, packages, &facts.sources.version),
        _ => Vec::new(),
    };
    let gates = gates::all(policy, facts, &findings);
    let npm_publish = (policy.release_mode == ReleaseMode::NpmPublicReleaseReady).then(|| NpmPublish {
        package_name: NPM_PACKAGE,
        version: facts.sources.version.to_string(),
        access: policy.npm.access,
        tag: policy.npm.tag.clone(),
        registry: policy.npm.registry.clone(),
    });
    ReadinessReport {
        schema_version: 1,
        release_mode: policy.release_mode,
        source_revision,
        npm_publish_enabled: policy.npm.publish,
        python_publish_enabled: policy.python.publish,
        package_names: packages
            .iter()
            .map(|package| package.package_name.clone())
            .collect(),
        published_package_smoke_gate: smoke_gate(policy),
        runtime_installer: policy.runtime_installer,
        npm_publish,
        blocked_publishing_decisions: policy.required_before_publishing.clone(),
        ready: gates.iter().all(Gate::is_open),
        gates,
        kind: kind(policy, facts),
    }
}

fn kind(policy: &ReleasePolicy, facts: &ReadinessFacts) -> NotReadyKind {
    let is_other = |platform| matches!(facts.smoke.get(platform), Some(SmokeProof::OtherBytes(_)));
    match facts.artifacts {
        Artifacts::Altered(_) => NotReadyKind::Integrity,
        Artifacts::Verified(ref verified) if !verified.lock_faults.is_empty() => NotReadyKind::Integrity,
        _ if policy.platforms.iter().any(is_other) => NotReadyKind::Integrity,
        Artifacts::Missing(_) => NotReadyKind::Prerequisite,
        _ => NotReadyKind::Policy,
    }
}

fn smoke_gate(policy: &ReleasePolicy) -> SmokeGate {
    let (status, reason) = match policy.release_mode {
        ReleaseMode::CiArtifactOnly => (
            "not_required",
            "Published package smoke remains pending until release-policy.json enables npm registry publishing.",
        ),
        ReleaseMode::PublishedPackageSmokeRequired => (
            "required",
            "Run the published package smoke before accepting the hybrid-search release.",
        ),
        ReleaseMode::NpmPublicReleaseReady => (
            "required",
            "Run the published package smoke after the npm package is published.",
        ),
    };
    let smoke = &policy.published_package_smoke;
    let set = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let package_name = set(&smoke.package_name);
    let version = Some(smoke.version.trim())
        .filter(|version| !version.is_empty())
        .unwrap_or("latest");
    SmokeGate {
        status,
        reason,
        script: "cargo xtask smoke --registry URL --package SPEC",
        config_source: package_name.is_some().then_some("release-policy"),
        package_name,
        version: version.to_owned(),
        registry: set(&smoke.registry),
    }
}
