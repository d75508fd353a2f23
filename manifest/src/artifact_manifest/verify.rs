//! The artifact manifest compared with the artifacts: every disagreement is a finding, in the order in which the format
//! lists its checks. Looks at digests only; what is inside of the archives is checked where they are read.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactManifest, ArtifactPackage, Ecosystem, SurveyedFiles, survey,
};
use crate::archive_path::ArchivePath;
use crate::bounded;
use ktx_names::Finding;

/// What the manifest must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The packages as the sources describe them.
    pub packages: &'a [ArtifactPackage],
    /// The revision, when it is known from elsewhere.
    pub source_revision: Option<&'a str>,
}

/// The outcome of a verification.
#[derive(Debug)]
#[must_use]
pub struct Verification {
    /// The manifest, when there are no findings.
    pub manifest: Option<ArtifactManifest>,
    pub findings: Vec<Finding>,
}

const MAX_MANIFEST_BYTES: u64 = 1 << 20;
const REBUILD: &str = "Run: cargo xtask build";

/// Reads the manifest of an artifacts directory, walks the directory, and reports all that does not agree. Errors are
/// those of reading the artifacts; a manifest that cannot be read is a finding.
pub fn verify(directory: &Path, expected: &Expected<'_>) -> io::Result<Verification> {
    let path = directory.join(ARTIFACT_MANIFEST_FILE);
    let text = match bounded::read(&path, MAX_MANIFEST_BYTES) {
        Ok(text) => text,
        Err(error) => {
            let finding =
                Finding::error("artifact-manifest-unreadable", error.to_string()).with_hint(REBUILD);
            return Ok(Verification {
                manifest: None,
                findings: vec![finding],
            });
        }
    };
    let survey = survey(directory)?;
    let mut findings = match serde_json::from_slice(&text) {
        Ok(Value::Object(manifest)) => check(&Value::Object(manifest), directory, &survey, expected),
        Ok(_) => vec![finding(
            "artifact-manifest-not-an-object",
            "Artifact manifest must be a JSON object",
        )],
        Err(error) => vec![unreadable(&path, &error)],
    };
    findings.extend(survey.findings);
    let mut manifest = None;
    if findings.is_empty() {
        match serde_json::from_slice(&text) {
            Ok(read) => manifest = Some(read),
            Err(error) => findings.push(unreadable(&path, &error)),
        }
    }
    Ok(Verification { manifest, findings })
}

fn check(
    manifest: &Value,
    directory: &Path,
    survey: &SurveyedFiles,
    expected: &Expected<'_>,
) -> Vec<Finding> {
    let mut findings = head(manifest, expected.source_revision);
    match manifest.get("packages") {
        Some(packages @ Value::Array(_)) => {
            let recomputed = json(expected.packages);
            findings.extend(equal(
                "artifact-packages-mismatch",
                "Artifact manifest packages",
                &recomputed,
                packages,
            ));
        }
        _ => findings.push(finding(
            "artifact-packages-type",
            "Artifact manifest packages must be an array",
        )),
    }
    match manifest.get("files") {
        Some(Value::Array(files)) => {
            findings.extend(entries(files));
            let recomputed = json(&recompute(survey, expected.packages));
            let label = "Artifact manifest files do not match artifact contents";
            findings.extend(equal(
                "artifact-files-mismatch",
                label,
                &recomputed,
                &Value::from(files.clone()),
            ));
            findings.extend(unlisted(files, directory, survey));
        }
        _ => findings.push(finding(
            "artifact-files-type",
            "Artifact manifest files must be an array",
        )),
    }
    findings.extend(missing(directory, survey, expected.packages));
    findings
}

fn head(manifest: &Value, expected_revision: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let version = manifest.get("schemaVersion");
    if version != Some(&Value::from(2)) {
        let message = format!("Unsupported artifact manifest schemaVersion: {}", spoken(version));
        findings.push(finding("artifact-manifest-schema-version", message));
    }
    match manifest.get("generatedAt") {
        Some(Value::String(moment)) if moment.parse::<Timestamp>().is_err() => {
            let message = format!(
                "Artifact manifest generatedAt is not an ISO timestamp: {}",
                moment.escape_debug()
            );
            findings.push(finding("artifact-generated-at-format", message));
        }
        Some(Value::String(_)) => {}
        _ => findings.push(finding(
            "artifact-generated-at-type",
            "Artifact manifest generatedAt must be a string",
        )),
    }
    let revision = manifest.get("sourceRevision");
    if !matches!(revision, Some(Value::String(_) | Value::Null)) {
        let message = "Artifact manifest sourceRevision must be a string or null";
        findings.push(finding("artifact-source-revision-type", message));
    } else if let Some(expected) = expected_revision
        && revision.and_then(Value::as_str) != Some(expected)
    {
        let got = spoken(revision);
        let message = format!("Artifact manifest sourceRevision mismatch: expected {expected}, got {got}");
        findings.push(finding("artifact-source-revision-mismatch", message));
    }
    findings
}

/// The shape of each entry of the list of files.
fn entries(files: &[Value]) -> Vec<Finding> {
    let judge = |entry: &Value| {
        let Value::Object(entry) = entry else {
            let message = "Artifact manifest file entries must be JSON objects";
            return Some(finding("artifact-file-entry-type", message));
        };
        let Some(Value::String(path)) = entry.get("path") else {
            return Some(finding(
                "artifact-file-path-type",
                "Artifact manifest file path must be a string",
            ));
        };
        path.parse::<ArchivePath>().err().map(|_| {
            let message = format!("Unsafe artifact manifest path: {}", path.escape_debug());
            finding("artifact-file-path-unsafe", message)
        })
    };
    files.iter().filter_map(judge).collect()
}

/// The list of files that matches the directory.
fn recompute(survey: &SurveyedFiles, packages: &[ArtifactPackage]) -> Vec<ArtifactFile> {
    let file_of = |package: &ArtifactPackage| {
        let path = package.artifact_path().parse().ok()?;
        survey
            .files
            .get(&path)
            .map(|content| ArtifactFile::of(package, path, *content))
    };
    let mut files = packages.iter().filter_map(file_of).collect::<Vec<_>>();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

fn unlisted(files: &[Value], directory: &Path, survey: &SurveyedFiles) -> Vec<Finding> {
    let listed = |path: &ArchivePath| {
        files
            .iter()
            .any(|entry| entry.get("path").and_then(Value::as_str) == Some(path.as_str()))
    };
    let report = |path: &ArchivePath| {
        let path = path.under(directory);
        let message = format!(
            "failed to verify `{}`: the artifact manifest does not list it",
            path.display()
        );
        finding("artifact-unlisted", message).with_hint("Remove it, then run: cargo xtask build")
    };
    survey
        .files
        .keys()
        .filter(|path| !listed(path))
        .map(report)
        .collect()
}

fn missing(directory: &Path, survey: &SurveyedFiles, packages: &[ArtifactPackage]) -> Vec<Finding> {
    let report = |package: &ArtifactPackage| {
        let path = package.artifact_path();
        if survey.files.keys().any(|found| found.as_str() == path) {
            return None;
        }
        Some(match package.ecosystem {
            Ecosystem::Npm => {
                let path = directory.join(path);
                let message = format!("Missing {} tarball: {}", package.package_name, path.display());
                finding("artifact-tarball-missing", message)
            }
            Ecosystem::Python => {
                let message = format!("Missing Python artifact: {} runtime wheel", package.package_name);
                finding("artifact-wheel-missing", message)
            }
        })
    };
    packages.iter().filter_map(report).collect()
}

fn equal(code: &'static str, label: &str, expected: &Value, actual: &Value) -> Option<Finding> {
    let text = |value: &Value| format!("{value:#}");
    (expected != actual).then(|| {
        let (expected, actual) = (text(expected), text(actual));
        finding(
            code,
            format!("{label} do not match\nExpected:\n{expected}\nActual:\n{actual}"),
        )
    })
}

/// A value as JavaScript would put it into a sentence.
fn spoken(value: Option<&Value>) -> String {
    match value {
        None => "undefined".to_owned(),
        Some(Value::String(text)) => text.escape_debug().to_string(),
        Some(value) => value.to_string(),
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn unreadable(path: &Path, error: &serde_json::Error) -> Finding {
    finding(
        "artifact-manifest-invalid",
        format!("failed to read `{}`: {error}", path.display()),
    )
}

fn finding(code: &'static str, message: impl Into<String>) -> Finding {
    Finding::error(code, message).with_hint(REBUILD)
}
