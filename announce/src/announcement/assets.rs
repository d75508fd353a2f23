//! The files on a release page.

use fs_err as fs;
use ktx_manifest::Sha256Digest;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactKind};
use ktx_manifest::smoke_report::SmokeReport;
use ktx_publish::PublishError;
use ktx_publish::artifacts::{COMPARISON_FILE, Location, Tarball};
use ktx_publish::receipt::{Operation, OperationOutcome, RECEIPT_FILE, ReceiptBook};
use serde_json::json;

use super::archives::from_package;
use super::page_file::{PageFile, Role};
use crate::facts::Release;

const PUBLISHED_REPORT: &str = "smoke-published.json";
const SUMS: &str = "SHA256SUMS";

/// Tarball, wheel, artifact manifest, bill of materials, notices, an archive for each platform, their digests, and the
/// reports that there are.
pub fn files(
    location: &Location,
    release: &Release,
    tarball: &Tarball,
) -> Result<Vec<PageFile>, PublishError> {
    let mut files = vec![artifact(tarball.file_name(), tarball.bytes().to_vec())];
    for listed in release
        .files
        .iter()
        .filter(|file| file.artifact_kind == ArtifactKind::Wheel)
    {
        let bytes = read(location.artifacts.join(listed.path.as_str()))?;
        if Sha256Digest::of(&bytes) != listed.sha256 {
            return Err(PublishError::Integrity {
                message: format!("{} has changed since it was verified", listed.path),
                hint: "cargo xtask build".to_owned(),
            });
        }
        files.push(artifact(listed.path.file_name(), bytes));
    }
    let manifest = read(location.artifacts.join(ARTIFACT_MANIFEST_FILE))?;
    files.push(artifact("artifact-manifest.json", manifest));
    let inside =
        from_package(tarball.bytes(), &release.version).map_err(|error| PublishError::Integrity {
            message: format!("failed to read the tarball: {error}"),
            hint: "cargo xtask build".to_owned(),
        })?;
    files.extend(inside);
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let sums: String = files
        .iter()
        .map(|file| format!("{}  {}\n", file.digest(), file.name))
        .collect();
    files.push(artifact(SUMS, sums.into_bytes()));
    files.extend(reports(location, release, tarball)?);
    Ok(files)
}

fn reports(location: &Location, release: &Release, tarball: &Tarball) -> Result<Vec<PageFile>, PublishError> {
    let mut reports = Vec::new();
    let mut add = |name: String, bytes: Vec<u8>| {
        reports.push(PageFile {
            name,
            bytes,
            role: Role::Report,
        })
    };
    for platform in release.smoke.keys() {
        let name = SmokeReport::file_name(*platform);
        add(name.clone(), read(location.reports.join(name))?);
    }
    let published = location.reports.join(PUBLISHED_REPORT);
    if let Ok(report) = SmokeReport::load(&published)
        && report.tarball.sha256 == tarball.content().sha256
    {
        add(PUBLISHED_REPORT.to_owned(), read(published)?);
    }
    if release.comparison.is_some() {
        add(
            COMPARISON_FILE.to_owned(),
            read(location.reports.join(COMPARISON_FILE))?,
        );
    }
    let (receipts, _) = ReceiptBook::in_folder(&location.reports).readable();
    let receipt = receipts.into_iter().find(|receipt| {
        receipt.operation == Operation::Publish
            && receipt.outcome == OperationOutcome::Verified
            && receipt.version == release.version
            && receipt.integrity.as_deref() == Some(tarball.integrity().0.as_str())
    });
    if let Some(receipt) = receipt {
        let text = ktx_manifest::json_text(&json!({"schemaVersion": 1, "receipts": [receipt]}));
        add(RECEIPT_FILE.to_owned(), text.into_bytes());
    }
    Ok(reports)
}

fn artifact(name: &str, bytes: Vec<u8>) -> PageFile {
    PageFile {
        name: name.to_owned(),
        bytes,
        role: Role::Artifact,
    }
}

/// The error of the file system names the path.
fn read(path: std::path::PathBuf) -> Result<Vec<u8>, PublishError> {
    fs::read(path).map_err(|error| PublishError::Prerequisite {
        message: error.to_string(),
        hint: "cargo xtask check".to_owned(),
    })
}
