//! The judge of single fields: each method takes one as written, hands out its parsed form, and notes what is wrong.

use std::collections::BTreeMap;
use std::str::FromStr;

use glob::Pattern;
use ktx_manifest::{ArchivePath, Finding};
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::PackageName;

use super::document::{LicenseField, PersonTable, ReadmeField, ReadmeTable};
use super::{People, Project, Readme};

pub(super) struct Fields<'a> {
    path: &'a str,
    findings: Vec<Finding>,
    normalised: Vec<Finding>,
}

impl<'a> Fields<'a> {
    pub fn new(path: &'a str) -> Self {
        Fields {
            path,
            findings: Vec::new(),
            normalised: Vec::new(),
        }
    }

    pub fn finish(self, project: Option<Project>) -> Result<Project, Vec<Finding>> {
        match project {
            Some(project) if self.findings.is_empty() => Ok(Project {
                normalised: self.normalised,
                ..project
            }),
            _ => Err(self.findings),
        }
    }

    pub fn dynamic(&mut self, dynamic: &[String]) {
        if !dynamic.is_empty() {
            self.note(
                "dynamic",
                "nothing here computes fields; write them down and remove `dynamic`",
            );
        }
    }

    pub fn name(&mut self, name: Option<String>) -> Option<PackageName> {
        let name = self.required("name", name)?;
        let parsed = self.parsed::<PackageName>("name", &name)?;
        if parsed.as_ref() != ktx_manifest::asset_manifest::DISTRIBUTION_NAME {
            let expected = ktx_manifest::asset_manifest::DISTRIBUTION_NAME;
            self.note("name", &format!("expected {expected}, got {parsed}"));
        }
        Some(parsed)
    }

    pub fn version(&mut self, version: Option<String>) -> Option<Version> {
        let version = self.required("version", version)?;
        self.parsed("version", &version)
    }

    pub fn description(&mut self, description: Option<String>) -> Option<String> {
        let description = self.required("description", description)?;
        self.single_line("description", &description);
        Some(description)
    }

    pub fn readme(&mut self, readme: Option<ReadmeField>) -> Option<Readme> {
        let (file, content_type) = match readme {
            None => return self.required("readme", None),
            Some(ReadmeField::Other(_)) => {
                return self.wrong(
                    "readme",
                    "expected a path, or a table of `file` and `content-type` and nothing else",
                );
            }
            Some(ReadmeField::File(ReadmeTable { file, content_type })) => (file, content_type),
            Some(ReadmeField::Path(file)) => {
                let Some(content_type) = content_type(&file) else {
                    return self.wrong("readme", &format!("{file:?} ends neither in .md, .rst nor .txt"));
                };
                (file, content_type.to_owned())
            }
        };
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !["text/markdown", "text/x-rst", "text/plain"].contains(&media_type) {
            self.note(
                "readme.content-type",
                &format!("unknown media type {content_type:?}"),
            );
        }
        self.single_line("readme.content-type", &content_type);
        Some(Readme {
            path: self.parsed::<ArchivePath>("readme", &file)?,
            content_type,
        })
    }

    pub fn requires_python(&mut self, specifiers: Option<String>) -> Option<VersionSpecifiers> {
        let specifiers = self.required("requires-python", specifiers)?;
        self.parsed("requires-python", &specifiers)
    }

    /// SPDX compares identifiers whatever their case; metadata has them as the list spells them.
    pub fn license(&mut self, license: Option<LicenseField>) -> Option<String> {
        let written = match license {
            None => return self.required("license", None),
            Some(LicenseField::Table(_)) => {
                return self.wrong(
                    "license",
                    "expected an SPDX expression; put files under `license-files`",
                );
            }
            Some(LicenseField::Expression(expression)) => expression,
        };
        let expression = as_listed(&written);
        if let Err(error) = spdx::Expression::parse(&expression) {
            let reason = error.reason.to_string();
            return self.wrong(
                "license",
                &format!("{expression:?} is not an SPDX expression: {reason}"),
            );
        }
        if written != expression {
            self.normalised.push(Finding::warning(
                "pyproject-license-case",
                format!(
                    "`project.license` in `{}` is {written:?}; the metadata has {expression:?}",
                    self.path
                ),
            ));
        }
        Some(expression)
    }

    pub fn license_files(&mut self, patterns: &[String]) -> Vec<Pattern> {
        if patterns.is_empty() {
            self.findings.push(missing(self.path, "license-files"));
        }
        self.patterns("license-files", patterns)
    }

    pub fn people(&mut self, field: &str, table: Vec<PersonTable>) -> People {
        let (people, refused) = People::sort(table);
        for reason in refused {
            self.note(field, &reason);
        }
        people
    }

    pub fn keywords(&mut self, keywords: &[String]) {
        for keyword in keywords
            .iter()
            .filter(|word| word.trim().is_empty() || word.contains([',', '\n', '\r']))
        {
            self.note(
                "keywords",
                &format!("{keyword:?} is empty or has a comma or a line break"),
            );
        }
    }

    pub fn classifiers(&mut self, classifiers: &[String]) {
        for classifier in classifiers {
            self.single_line("classifiers", classifier);
            if classifier.starts_with("License ::") {
                let reason = format!("{classifier:?} contradicts the licence expression; remove it");
                self.note("classifiers", &reason);
            }
        }
    }

    pub fn urls(&mut self, urls: &BTreeMap<String, String>) {
        for (label, url) in urls {
            let field = format!("urls.{label}");
            if label.is_empty() || label.chars().count() > 32 || label.contains([',', '\n', '\r']) {
                self.note(&field, "a label has 1 to 32 characters and no comma");
            }
            let web = url.starts_with("https://") || url.starts_with("http://");
            if !web || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
                self.note(&field, &format!("{url:?} is not a web address"));
            }
        }
    }

    fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.findings.push(missing(self.path, field));
        }
        value
    }

    fn single_line(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            self.note(field, &format!("{text:?} is not one line of text"));
        }
    }

    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        field: &str,
        text: &str,
    ) -> Option<T> {
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let cause = error.to_string();
                self.wrong(field, &format!("{text:?} does not parse: {}", cause.trim_end()))
            }
        }
    }

    pub(super) fn wrong<T>(&mut self, field: &str, reason: &str) -> Option<T> {
        self.note(field, reason);
        None
    }

    pub(super) fn note(&mut self, field: &str, reason: &str) {
        let field = if field.starts_with("tool.") {
            field.to_owned()
        } else {
            format!("project.{field}")
        };
        let message = format!("failed to read `{field}` in `{}`: {reason}", self.path);
        self.findings.push(Finding::error("pyproject-invalid", message));
    }
}

/// A field that every wheel of ours has.
pub(super) fn missing(path: &str, field: &str) -> Finding {
    Finding::error(
        "pyproject-incomplete",
        format!("failed to read `project.{field}` in `{path}`: it is missing"),
    )
    .with_hint(format!("add `{field}` to the [project] table"))
}

fn content_type(readme: &str) -> Option<&'static str> {
    match readme.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "md" => Some("text/markdown"),
        "rst" => Some("text/x-rst"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}

/// The expression with identifiers as the SPDX list spells them, and operators in upper case.
fn as_listed(expression: &str) -> String {
    let is_delimiter = |character: char| character.is_whitespace() || "()+".contains(character);
    let licenses = spdx::identifiers::LICENSES.iter().map(|license| license.name);
    let exceptions = spdx::identifiers::EXCEPTIONS
        .iter()
        .map(|exception| exception.name);
    let listed: Vec<&str> = ["AND", "OR", "WITH"]
        .into_iter()
        .chain(licenses)
        .chain(exceptions)
        .collect();
    let spelled = |piece: &str| {
        let word = piece.trim_end_matches(is_delimiter);
        let known = listed.iter().find(|name| name.eq_ignore_ascii_case(word));
        known.map_or_else(|| piece.to_owned(), |name| piece.replacen(word, name, 1))
    };
    expression.split_inclusive(is_delimiter).map(spelled).collect()
}
