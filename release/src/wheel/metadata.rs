//! `METADATA` and `WHEEL`. Formats: [core metadata 2.4] and the [wheel format].
//!
//! [core metadata 2.4]: https://packaging.python.org/en/latest/specifications/core-metadata/
//! [wheel format]: https://packaging.python.org/en/latest/specifications/binary-distribution-format/

use ktx_manifest::ArchivePath;
use pep440_rs::Version;

use crate::pyproject::Project;

/// `METADATA` of a project at a version; `license_files` are the files that its patterns matched, sorted.
pub fn metadata(project: &Project, version: &Version, license_files: &[ArchivePath], readme: &str) -> String {
    let mut headers = Headers::default();
    headers.add("Metadata-Version", "2.4");
    headers.add("Name", &project.name);
    headers.add("Version", version);
    headers.add("Summary", &project.description);
    if !project.keywords.is_empty() {
        headers.add("Keywords", project.keywords.join(","));
    }
    headers.add_some("Author", project.authors.names.as_ref());
    headers.add_some("Author-Email", project.authors.emails.as_ref());
    headers.add_some("Maintainer", project.maintainers.names.as_ref());
    headers.add_some("Maintainer-Email", project.maintainers.emails.as_ref());
    headers.add("License-Expression", &project.license);
    headers.add_each("License-File", license_files);
    headers.add_each("Classifier", &project.classifiers);
    headers.add_each("Requires-Dist", &project.dependencies);
    for (extra, requirements) in &project.optional_dependencies {
        let of_extra = requirements
            .iter()
            .map(|requirement| requirement.clone().with_extra_marker(extra));
        headers.add_each("Requires-Dist", of_extra);
    }
    headers.add("Requires-Python", &project.requires_python);
    headers.add_each(
        "Project-URL",
        project.urls.iter().map(|(label, url)| format!("{label}, {url}")),
    );
    headers.add_each("Provides-Extra", project.optional_dependencies.keys());
    headers.add("Description-Content-Type", &project.readme.content_type);
    format!("{}\n{readme}", headers.0)
}

/// `WHEEL`: one tag, since the wheel holds Python alone.
pub fn wheel() -> String {
    let mut headers = Headers::default();
    headers.add("Wheel-Version", "1.0");
    headers.add("Generator", "ktx-release");
    headers.add("Root-Is-Purelib", "true");
    headers.add("Tag", ktx_manifest::wheel_filename::WHEEL_TAG);
    headers.0
}

/// Lines of `Name: value`. Values have no line breaks: the fields were parsed so.
#[derive(Default)]
struct Headers(String);

impl Headers {
    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push_str(&format!("{name}: {value}\n"));
    }

    fn add_some(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_each<V: std::fmt::Display>(&mut self, name: &str, values: impl IntoIterator<Item = V>) {
        for value in values {
            self.add(name, value);
        }
    }
}
