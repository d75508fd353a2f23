//! The payload's `pyproject.toml`, parsed once into what a wheel needs.
//!
//! All that is wrong with the file is reported together. Whether the files that it names exist is for the wheel to
//! find out; only [`Project::read`] touches the file system.

mod contents;
mod document;
mod fields;
mod people;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use glob::Pattern;
use ktx_manifest::{ArchivePath, Finding};
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, PackageName, Requirement};

use self::document::{ModuleNames, PyprojectDocument};
use self::fields::Fields;
pub use self::people::People;
use crate::error::{Error, ErrorKind};

/// The version in the file; the real one is set when a wheel is built.
pub const PLACEHOLDER_VERSION: &str = "0.0.0";

/// A project that a wheel can be made from, but for its version.
#[derive(Clone, Debug)]
pub struct Project {
    /// The file itself.
    pub path: PathBuf,
    pub name: PackageName,
    /// The placeholder, or the stamped version in a staged copy.
    pub version: Version,
    pub description: String,
    pub readme: Readme,
    pub requires_python: VersionSpecifiers,
    /// An SPDX expression, spelled as the SPDX list has it.
    pub license: String,
    /// What is not as the file has it; warnings.
    pub normalised: Vec<Finding>,
    /// Each matches at least one file, or the wheel is refused.
    pub license_files: Vec<Pattern>,
    pub authors: People,
    pub maintainers: People,
    pub keywords: Vec<String>,
    pub classifiers: Vec<String>,
    pub urls: BTreeMap<String, String>,
    /// Group, name, object reference.
    pub entry_points: BTreeMap<String, BTreeMap<String, String>>,
    pub dependencies: Vec<Requirement>,
    pub optional_dependencies: BTreeMap<ExtraName, Vec<Requirement>>,
    /// The folder that holds the packages; empty for the project's own.
    pub module_root: String,
    /// Top-level import packages, sorted.
    pub packages: Vec<String>,
    /// Files that ship beside `*.py` and `py.typed`.
    pub package_data: Vec<Pattern>,
    /// `[tool.uv]` without its build backend: what uv's resolver follows beside the requirements.
    pub resolver: BTreeMap<String, serde_json::Value>,
}

/// The file that becomes the description of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readme {
    pub path: ArchivePath,
    pub content_type: String,
}

impl Project {
    /// Reads and parses the `pyproject.toml` of the folder `source`.
    pub fn read(source: &Path) -> Result<Project, Error> {
        let path = source.join("pyproject.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let hint = "name the folder that holds the Python payload with --source";
                return Err(Error::missing(path, "there is no such file", hint));
            }
            Err(error) => return Err(Error::File(error)),
        };
        Project::parse(&path, &text).map_err(|findings| Error::Refused {
            verb: "read",
            path,
            findings,
            kind: ErrorKind::Failed,
        })
    }

    /// Parses the text of the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Project, Vec<Finding>> {
        let shown = path.to_string_lossy();
        let document: PyprojectDocument = toml_edit::de::from_str(text).map_err(|error| {
            let cause = error.to_string();
            vec![Finding::error(
                "pyproject-malformed",
                format!("failed to parse `{shown}`: {}", cause.trim_end()),
            )]
        })?;
        let mut fields = Fields::new(&shown);
        let project = read(path, document, &mut fields);
        fields.finish(project)
    }

    /// The folder of the sources.
    pub fn source(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// `None` only where a required field is absent or wrong, which is then among the findings.
fn read(path: &Path, document: PyprojectDocument, fields: &mut Fields) -> Option<Project> {
    let table = document.project;
    fields.dynamic(&table.dynamic);
    let name = fields.name(table.name);
    let version = fields.version(table.version);
    let description = fields.description(table.description);
    let readme = fields.readme(table.readme);
    let requires_python = fields.requires_python(table.requires_python);
    let license = fields.license(table.license);
    let license_files = fields.license_files(&table.license_files);
    let authors = fields.people("authors", table.authors);
    let maintainers = fields.people("maintainers", table.maintainers);
    fields.keywords(&table.keywords);
    fields.classifiers(&table.classifiers);
    fields.urls(&table.urls);
    let entry_points = fields.entry_points(table.scripts, table.gui_scripts, table.entry_points);
    let dependencies = fields.requirements("dependencies", &table.dependencies);
    let optional_dependencies = fields.optional_dependencies(&table.optional_dependencies);
    let backend = document.tool.uv.build_backend;
    let module_root = fields.module_root(backend.module_root);
    let packages = fields.packages(match backend.module_name {
        None => Vec::new(),
        Some(ModuleNames::One(name)) => vec![name],
        Some(ModuleNames::Many(names)) => names,
    });
    let package_data = fields.patterns("tool.ktx.package-data", &document.tool.ktx.package_data);
    Some(Project {
        path: path.to_owned(),
        name: name?,
        version: version?,
        description: description?,
        readme: readme?,
        requires_python: requires_python?,
        license: license?,
        normalised: Vec::new(),
        license_files,
        authors,
        maintainers,
        keywords: table.keywords,
        classifiers: table.classifiers,
        urls: table.urls,
        entry_points,
        dependencies,
        optional_dependencies,
        module_root: module_root?,
        packages,
        package_data,
        resolver: document.tool.uv.resolver,
    })
}
