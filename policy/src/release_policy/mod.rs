//! `release-policy.json`: what may be published, where, and under which dist-tag.
//!
//! The types say what the file holds; [`read`] turns its text into them with every finding at once. What a mode demands
//! of the built artifacts is in [`crate::mode_rules`].

mod audit;
mod document;
mod read;
mod schema;
mod shapes;
mod signing;
mod values;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ktx_names::Platform;

use crate::audit::AuditPolicy;
use crate::budgets::Budgets;
use crate::version::Lane;

pub use self::document::text_range;
pub use self::read::read;
pub use self::schema::json_schema;
pub use self::signing::SIGNABLE;

/// The content of `release-policy.json`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleasePolicy {
    /// The JSON Schema that editors check the file with.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Version of this format: 1.
    #[schemars(extend("const" = 1))]
    pub schema_version: u64,
    /// How far publishing has been decided.
    pub release_mode: ReleaseMode,
    /// The npm package.
    pub npm: NpmPolicy,
    /// The Python distribution.
    pub python: PythonPolicy,
    /// What the smoke of the published package installs.
    pub published_package_smoke: PublishedPackageSmoke,
    /// How the shipped program comes by uv.
    pub runtime_installer: RuntimeInstaller,
    /// The platforms whose program and smoke report a release needs.
    #[schemars(schema_with = "schema::platforms")]
    pub platforms: Vec<Platform>,
    /// The platforms whose programs have to be signed with a certificate; a build signs them when it is given the keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::signing")]
    pub signing: Vec<Platform>,
    /// How much a release may grow compared with the last one; without it there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Budgets")]
    pub budgets: Option<Budgets>,
    /// What an audit of the locked dependencies has to fulfil; without it none is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AuditPolicy")]
    pub audit: Option<AuditPolicy>,
    /// The scenarios that a smoke report must have; without it all those that the toolchain has for the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_scenarios: Option<Vec<String>>,
    /// Decisions that must be made before anything is published; empty in every mode but `ci-artifact-only`.
    pub required_before_publishing: Vec<String>,
}

/// How far publishing has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseMode {
    /// Artifacts are built and kept by CI; nothing is published.
    CiArtifactOnly,
    /// Nothing is published yet; the smoke of a published package must pass first.
    PublishedPackageSmokeRequired,
    /// `cargo xtask publish --execute` may publish.
    NpmPublicReleaseReady,
}

impl ReleaseMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [
        Self::CiArtifactOnly,
        Self::PublishedPackageSmokeRequired,
        Self::NpmPublicReleaseReady,
    ];

    /// The name, as the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CiArtifactOnly => "ci-artifact-only",
            Self::PublishedPackageSmokeRequired => "published-package-smoke-required",
            Self::NpmPublicReleaseReady => "npm-public-release-ready",
        }
    }
}

/// The npm package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NpmPolicy {
    /// Whether it may be published.
    pub publish: bool,
    /// Address of the registry; null is npm's built-in default.
    #[schemars(required, url, extend("type" = ["string", "null"]))]
    pub registry: Option<String>,
    /// Who may install it.
    pub access: Access,
    /// The dist-tag that stable versions and release candidates are published under.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$"))]
    pub tag: String,
    /// The packages that are published.
    pub packages: Vec<String>,
    /// The lines `X.Y` that still get fixes, under `release-X.Y`, after the main line has left them behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::lanes")]
    pub lanes: Vec<Lane>,
    /// Whether the registry offers a version at once, or keeps it until somebody approves it.
    #[serde(default)]
    pub publishing: Publishing,
    /// Whether a version is promoted without a verified provenance.
    #[serde(default)]
    pub provenance: ProvenancePolicy,
}

/// What a promotion needs to know about where a version was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProvenancePolicy {
    /// It may have no provenance.
    #[default]
    Optional,
    /// Its provenance has to be verified, and be that of the release workflow of this repository.
    Required,
}

/// When a registry offers a version that it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Publishing {
    /// At once.
    #[default]
    Direct,
    /// When somebody has approved it with a 2FA code: npm's [staged publishing](https://docs.npmjs.com/staged-publishing).
    Staged,
}

/// Who may install the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everyone.
    Public,
}

/// The Python distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PythonPolicy {
    /// Whether it may be published: it ships inside the npm package.
    pub publish: bool,
    /// Where it would be published.
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub repository: Option<String>,
    /// The distributions that the artifacts hold.
    pub packages: Vec<String>,
}

/// What the smoke of the published package installs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedPackageSmoke {
    /// The package, null as long as none is published.
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub package_name: Option<String>,
    /// Its version or dist-tag.
    pub version: String,
    /// Address of the registry; null is npm's default.
    #[schemars(required, url, extend("type" = ["string", "null"]))]
    pub registry: Option<String>,
}

/// How the shipped program comes by uv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuntimeInstaller {
    /// Where uv comes from.
    pub uv_strategy: UvStrategy,
    /// Whether the program would fetch uv without asking: never.
    #[schemars(extend("const" = false))]
    pub bootstrap_uv: bool,
    /// What happens when there is no uv.
    pub missing_uv_behavior: MissingUvBehavior,
}

/// Where uv comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UvStrategy {
    /// The user has it on `PATH`.
    PathPrerequisite,
    /// The user has it on `PATH`, or agrees to a download of one pinned version.
    PinnedOnConsent,
}

/// What happens when there is no uv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingUvBehavior {
    /// One error that says how to install it.
    FocusedError,
}
