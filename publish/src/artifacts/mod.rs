//! What was built and tested: the facts that readiness is judged by.

mod audit;
mod comparison;
mod inside;
mod locks;
mod package_json;
mod proof;
mod tarball;

use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::artifact_manifest::{
    ARTIFACT_MANIFEST_FILE, ArtifactKind, ArtifactManifest, Ecosystem, Expected, Verification, verify,
};
use ktx_manifest::{ContentId, Sha256Digest};
use ktx_policy::readiness::{
    Artifacts, ReadinessFacts, ReadinessReport, SourceFacts, VerifiedArtifacts, assess,
};
use ktx_policy::{ReleasePolicy, ReleaseVersion, changelog, release_policy};

use crate::error::{PathError, PublishError};

use self::proof::Claims;

pub use self::audit::audit_facts;
pub use self::comparison::{COMPARISON_FILE, read_comparison, sizes};
pub use self::package_json::PackageJson;
pub use self::proof::published_proof;
pub use self::tarball::{Tarball, integrity_of};

/// Where the artifacts, their reports and the policy are.
#[derive(Debug, Clone)]
pub struct Location {
    /// The folder with `manifest.json`.
    pub artifacts: PathBuf,
    /// The folder with the smoke reports and receipts.
    pub reports: PathBuf,
    /// `release-policy.json`
    pub policy: PathBuf,
    /// `CHANGELOG.md`
    pub changelog: PathBuf,
    /// The folder of the checkout's locks; `None` without a checkout.
    pub locks: Option<PathBuf>,
    /// What `--artifacts` said; `None` in a checkout.
    pub flag: Option<PathBuf>,
}

impl Location {
    /// In a checkout, where the build puts them.
    pub fn in_checkout(root: &Path) -> Self {
        let dist = root.join("dist");
        Self {
            artifacts: dist.join("artifacts"),
            reports: dist.join("reports"),
            policy: root.join("release-policy.json"),
            changelog: root.join("CHANGELOG.md"),
            locks: Some(root.join("python/locks")),
            flag: None,
        }
    }

    /// Artifacts without a checkout: `reports/`, `release-policy.json` and `CHANGELOG.md` are beside their folder.
    pub fn handed_over(artifacts: &Path) -> Self {
        let beside = artifacts
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Self {
            artifacts: artifacts.to_owned(),
            reports: beside.join("reports"),
            policy: beside.join("release-policy.json"),
            changelog: beside.join("CHANGELOG.md"),
            locks: None,
            flag: Some(artifacts.to_owned()),
        }
    }
}

/// Everything that was found at a location.
#[derive(Debug)]
pub struct Survey {
    /// The policy.
    pub policy: ReleasePolicy,
    /// The judgement.
    pub readiness: ReadinessReport,
    /// The tarball, when the artifacts are what their manifest says.
    pub tarball: Option<Tarball>,
}

/// Reads the policy, and its digest as smoke reports quote it.
pub fn read_policy(path: &Path) -> Result<(ReleasePolicy, Sha256Digest), PublishError> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => PublishError::Prerequisite {
            message: error.to_string(),
            hint: "put release-policy.json beside the artifacts folder".to_owned(),
        },
        _ => PathError::new("read", path)(error).into(),
    })?;
    let digest = Sha256Digest::of(&bytes);
    let policy = release_policy::read(&String::from_utf8_lossy(&bytes)).map_err(PublishError::Policy)?;
    Ok((policy, digest))
}

/// Gathers the facts and judges them.
pub fn survey(location: &Location, sources: &SourceFacts) -> Result<Survey, PublishError> {
    let (policy, policy_digest) = read_policy(&location.policy)?;
    let (artifacts, found) = look(location, sources)?;
    let (tarball, manifest) = found.unzip();
    let smoke = proof::gather(
        &location.reports,
        &Claims {
            policy: &policy,
            policy_digest,
            manifest: manifest.as_ref(),
            scenarios: &sources.scenarios,
            now: Timestamp::now(),
        },
    );
    let changelog = changelog(&location.changelog, &sources.version);
    let revision = match &artifacts {
        Artifacts::Verified(verified) => verified.source_revision.clone(),
        _ => None,
    };
    let facts = ReadinessFacts {
        sources: sources.clone(),
        artifacts,
        smoke,
        changelog: changelog.map(drop).map_err(|error| error.to_string()),
        compared: comparison::judge(&location.reports, tarball.as_ref()),
        audited: audit::judge(&location.reports, revision.as_deref()),
    };
    Ok(Survey {
        readiness: assess(&policy, &facts),
        policy,
        tarball,
    })
}

/// The version's section of the changelog.
pub fn changelog(path: &Path, version: &ReleaseVersion) -> Result<String, PublishError> {
    let text = fs::read_to_string(path).map_err(|error| PublishError::Prerequisite {
        message: error.to_string(),
        hint: "put CHANGELOG.md beside the artifacts folder".to_owned(),
    })?;
    Ok(changelog::section(&text, version)?)
}

type Found = (Tarball, ArtifactManifest);

fn look(location: &Location, sources: &SourceFacts) -> Result<(Artifacts, Option<Found>), PublishError> {
    if fs::symlink_metadata(location.artifacts.join(ARTIFACT_MANIFEST_FILE)).is_err() {
        return Ok((Artifacts::Missing(missing(location, sources)), None));
    }
    let expected = Expected {
        packages: &sources.packages,
        source_revision: None,
    };
    let Verification { manifest, findings } =
        verify(&location.artifacts, &expected).map_err(PathError::new("verify", &location.artifacts))?;
    if let Some(manifest) = manifest {
        return open(location, manifest);
    }
    let altered = findings
        .iter()
        .any(|finding| finding.code == "artifact-files-mismatch");
    // What follows the first line is the whole manifest twice, which `cargo xtask verify` shows.
    let first_line = |message: String| message.lines().next().unwrap_or_default().to_owned();
    let mut found: Vec<String> = findings
        .into_iter()
        .map(|finding| first_line(finding.message))
        .collect();
    found.extend(missing_tarball(location, sources));
    let artifacts = if altered {
        Artifacts::Altered(found)
    } else {
        Artifacts::Unfit(found)
    };
    Ok((artifacts, None))
}

/// Reads the tarball once. It may have been replaced since its verification.
fn open(location: &Location, manifest: ArtifactManifest) -> Result<(Artifacts, Option<Found>), PublishError> {
    let Some(file) = manifest.file(ArtifactKind::Tarball) else {
        let found = vec!["the artifact manifest lists no tarball".to_owned()];
        return Ok((Artifacts::Unfit(found), None));
    };
    let path = file.path.under(&location.artifacts);
    let bytes = fs::read(&path).map_err(PathError::new("read", &path))?;
    let altered = |found: String| (Artifacts::Altered(vec![format!("{} {found}", file.path)]), None);
    let content = ContentId {
        sha256: Sha256Digest::of(&bytes),
        bytes: bytes.len() as u64,
    };
    if content != file.content() {
        return Ok(altered("has changed since it was verified".to_owned()));
    }
    let tarball = match Tarball::new(&path, bytes) {
        Ok(tarball) => tarball,
        Err(cause) => return Ok(altered(format!("cannot be published: {cause}"))),
    };
    let inside = inside::look(&tarball, &manifest);
    let artifacts = VerifiedArtifacts {
        packages: manifest.packages.clone(),
        source_revision: manifest.source_revision.clone(),
        programs: tarball.programs().clone(),
        lock_faults: locks::faults(tarball.locks(), location.locks.as_deref()),
        bill_faults: inside.bill_faults,
        signatures: inside.signatures,
    };
    Ok((Artifacts::Verified(artifacts), Some((tarball, manifest))))
}

fn missing(location: &Location, sources: &SourceFacts) -> Vec<String> {
    let manifest = location.artifacts.join(ARTIFACT_MANIFEST_FILE);
    let missing = format!("Missing artifact manifest: {}", manifest.display());
    std::iter::once(missing)
        .chain(missing_tarball(location, sources))
        .collect()
}

fn missing_tarball(location: &Location, sources: &SourceFacts) -> Option<String> {
    let package = sources
        .packages
        .iter()
        .find(|package| package.ecosystem == Ecosystem::Npm)?;
    let path = location.artifacts.join(package.artifact_path());
    let exists = fs::symlink_metadata(&path).is_ok();
    (!exists).then(|| {
        format!(
            "Missing npm tarball: {}. Run cargo xtask check first.",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use ktx_manifest::artifact_manifest::{ArtifactFile, ArtifactPackage};

    use super::*;

    fn tarball(content: &str) -> Vec<u8> {
        let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(encoder);
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        let added = archive.append_data(&mut header, "package/package.json", content.as_bytes());
        added.expect("an entry");
        let encoder = archive.into_inner().expect("an archive");
        encoder.finish().expect("a tarball")
    }

    #[test]
    fn a_tarball_that_is_swapped_between_its_verification_and_its_reading_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::handed_over(&folder.path().join("artifacts"));
        let package = ArtifactPackage::npm("0.1.0");
        let path = package.artifact_path();
        let file = location.artifacts.join(&path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        let verified = tarball("{\"name\": \"@kaelio/ktx\", \"version\": \"0.1.0\"}");
        let content = ContentId {
            sha256: Sha256Digest::of(&verified),
            bytes: verified.len() as u64,
        };
        let files = vec![ArtifactFile::of(&package, path.parse().expect("a path"), content)];
        let time = "2031-01-01T00:00:00Z".parse().expect("a time");
        let manifest = ArtifactManifest::new(time, None, vec![package], files);

        fs::write(&file, &verified).expect("the tarball that was verified");
        let (artifacts, read) = open(&location, manifest.clone()).expect("it is read");
        assert!(matches!(artifacts, Artifacts::Verified(_)) && read.is_some());

        let other = tarball("{\"name\": \"@kaelio/ktx\", \"version\": \"0.1.0\", \"main\": \"x.js\"}");
        fs::write(&file, other).expect("another one in its place");
        let (artifacts, read) = open(&location, manifest.clone()).expect("it is read");
        assert!(matches!(artifacts, Artifacts::Altered(_)) && read.is_none());
    }
}
