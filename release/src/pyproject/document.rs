//! `pyproject.toml` as it is written: the tables that a wheel is made from, before anything in them is judged.
//!
//! Unknown keys are refused where a misspelt one would silently lose something: in `[project]`, in the build
//! backend's table and in our own. Other tools' tables are not looked at. Format: the [specification].
//!
//! [specification]: https://packaging.python.org/en/latest/specifications/pyproject-toml/

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct PyprojectDocument {
    pub project: ProjectTable,
    #[serde(default)]
    pub tool: ToolTable,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProjectTable {
    pub name: Option<String>,
    pub version: Option<String>,
    pub description: Option<String>,
    pub readme: Option<ReadmeField>,
    pub requires_python: Option<String>,
    pub license: Option<LicenseField>,
    #[serde(default)]
    pub license_files: Vec<String>,
    #[serde(default)]
    pub authors: Vec<PersonTable>,
    #[serde(default)]
    pub maintainers: Vec<PersonTable>,
    #[serde(default)]
    pub keywords: Vec<String>,
    #[serde(default)]
    pub classifiers: Vec<String>,
    #[serde(default)]
    pub urls: BTreeMap<String, String>,
    #[serde(default)]
    pub scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub gui_scripts: BTreeMap<String, String>,
    #[serde(default)]
    pub entry_points: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub dependencies: Vec<String>,
    #[serde(default)]
    pub optional_dependencies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub dynamic: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ReadmeField {
    Path(String),
    File(ReadmeTable),
    Other(serde::de::IgnoredAny),
}

/// `file` excludes `text`, so that there is one readme.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ReadmeTable {
    pub file: String,
    pub content_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum LicenseField {
    Expression(String),
    /// The table form, which metadata 2.4 has no place for.
    Table(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonTable {
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolTable {
    #[serde(default)]
    pub ktx: KtxTable,
    #[serde(default)]
    pub uv: UvTable,
}

/// Ours: what a wheel holds beside Python files.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct KtxTable {
    /// Patterns below the source directory, such as `ktx_daemon/dialects/*.json`.
    #[serde(default)]
    pub package_data: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UvTable {
    #[serde(default)]
    pub build_backend: BuildBackendTable,
    /// Constraints, overrides and sources of the resolver.
    #[serde(flatten)]
    pub resolver: BTreeMap<String, serde_json::Value>,
}

/// The settings of uv's build backend that we follow, so that both builders make the same wheel.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct BuildBackendTable {
    pub module_name: Option<ModuleNames>,
    /// `src` when absent, as uv has it.
    pub module_root: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ModuleNames {
    One(String),
    Many(Vec<String>),
}
