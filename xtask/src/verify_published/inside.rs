//! The package from inside, by the judge that every build passes: wheel, locks, programs and manifest against each other.

use anyhow::Result;
use fs_err as fs;
use ktx_announce::published::{Check, Published};
use ktx_manifest::Sha256Digest;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactManifest};
use ktx_manifest::{ArchivePath, ContentId};
use ktx_names::ArtifactPackage;
use ktx_release::artifacts::{VerifyOptions, verify};

use crate::refusal;
use crate::session::Session;

const CLAIM: &str = "wheel, locks, programs and manifest in the package agree";

/// Lays the tarball and the wheel in it out as a build would have, and lets the build's own judge look.
pub fn check(session: &Session<'_>, published: &Published) -> Result<Check> {
    let Some(package) = &published.package else {
        return Ok(Check::failed(
            CLAIM,
            "tarball-unreadable",
            "the tarball cannot be read",
        ));
    };
    let wheel = package.files.iter().find(|(path, _)| path.ends_with(".whl"));
    let Some((_, wheel)) = wheel else {
        return Ok(Check::failed(CLAIM, "wheel-missing", "there is no wheel in it"));
    };
    let Ok(version) = semver::Version::parse(&published.version) else {
        return Ok(Check::failed(
            CLAIM,
            "version-invalid",
            "its version is not SemVer",
        ));
    };
    let python = match ktx_release::version::python_version(&version) {
        Ok(python) => python.to_string(),
        Err(error) => return Ok(Check::failed(CLAIM, "version-invalid", error)),
    };
    let folder = tempfile::tempdir()?;
    let packages = vec![
        ArtifactPackage::npm(published.version.clone()),
        ArtifactPackage::python(python),
    ];
    let mut files = Vec::new();
    for (described, bytes) in packages.iter().zip([&published.bytes, &wheel.content]) {
        let path = folder.path().join(described.artifact_path());
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        fs::write(&path, bytes)?;
        let content = ContentId {
            sha256: Sha256Digest::of(bytes),
            bytes: bytes.len() as u64,
        };
        let path: ArchivePath = described.artifact_path().parse()?;
        files.push(ArtifactFile::of(described, path, content));
    }
    let manifest = ArtifactManifest::new(jiff::Timestamp::UNIX_EPOCH, None, packages, files);
    fs::write(folder.path().join(ARTIFACT_MANIFEST_FILE), manifest.to_text())?;
    let options = VerifyOptions {
        // Of the machine that built it nothing is known here.
        machine: Vec::new(),
        artifacts: folder.path().to_owned(),
        version: Some(version),
        source_revision: None,
        sources: None,
    };
    let verified = verify(&options).map_err(|error| refusal::failure(session, error))?;
    let text = |message: &str| message.replace(&format!("{}/", folder.path().display()), "");
    Ok(match verified.findings.as_slice() {
        [] => Check::passed(CLAIM),
        [first, ..] => {
            let messages: Vec<String> = verified
                .findings
                .iter()
                .map(|finding| text(&finding.message))
                .collect();
            Check::failed(CLAIM, first.code.clone(), messages.join("; "))
        }
    })
}
