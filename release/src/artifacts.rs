//! The artifacts and their manifest: written once all of them are complete, and verified as publishing does.

use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::archive::Limits;
use ktx_manifest::artifact_manifest::{
    self, ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactManifest, ArtifactPackage, ArtifactProgram, Expected,
    Verification,
};
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::{ArchivePath, ContentId, Feature, Finding, LockFile, WheelFilename, wheel};

use ktx_system::files::{Access, NewFile};

use crate::epoch::SourceDateEpoch;
use crate::error::Error;
use crate::lock;
use crate::package::{PackageContents, judge, of_commit, of_machine};
use crate::version::python_version;

const REBUILD: &str = "run: cargo xtask build";

/// The facts about a build's sources, read once.
#[derive(Clone, Debug)]
pub struct SourceFacts {
    pub version: semver::Version,
    /// `SOURCE_DATE_EPOCH`, when it is set.
    pub epoch: Option<SourceDateEpoch>,
    /// The same, else the time of the commit.
    pub generated_at: Timestamp,
    /// HEAD of a clean work tree.
    pub source_revision: Option<String>,
}

/// Where the tarball of a version is below the artifacts directory.
pub fn tarball_path(version: &semver::Version) -> String {
    ArtifactPackage::npm(version.to_string()).artifact_path()
}

/// What a build made, as it was written.
#[derive(Clone, Debug)]
pub struct BuiltArtifacts {
    pub wheel: ContentId,
    pub tarball: ContentId,
    pub programs: Vec<ArtifactProgram>,
}

/// Writes the manifest beside the artifacts that it lists.
pub fn write_manifest(
    artifacts: &Path,
    facts: &SourceFacts,
    built: BuiltArtifacts,
) -> Result<ArtifactManifest, Error> {
    let [npm, python] = packages(&facts.version)?;
    let files = vec![
        ArtifactFile::of(&npm, archive_path(&npm), built.tarball),
        ArtifactFile::of(&python, archive_path(&python), built.wheel),
    ];
    let revision = facts.source_revision.clone();
    let manifest = ArtifactManifest::new(facts.generated_at, revision, vec![npm, python], files)
        .with_programs(built.programs);
    let mut file = NewFile::create(artifacts.join(ARTIFACT_MANIFEST_FILE), Access::Readable)?;
    file.write_all(manifest.to_text().as_bytes())
        .map_err(|source| file.failed(source))?;
    file.commit()?;
    Ok(manifest)
}

/// What artifacts are held against.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    pub artifacts: PathBuf,
    /// The version that they must be; without one, the version that their manifest names.
    pub version: Option<semver::Version>,
    pub source_revision: Option<String>,
    /// What tells on this machine, and so is in no artifact: its name, and the folders that it builds in.
    pub machine: Vec<String>,
    /// The root of the sources whose locks the package must hold; `None` where there are none to compare with.
    pub sources: Option<PathBuf>,
}

/// The outcome of a verification.
#[derive(Debug)]
#[must_use]
pub struct Verified {
    /// The manifest, when there are no findings.
    pub manifest: Option<ArtifactManifest>,
    pub findings: Vec<Finding>,
}

/// Reads the manifest and every artifact, and reports all that is wrong.
pub fn verify(options: &VerifyOptions) -> Result<Verified, Error> {
    let artifacts = &options.artifacts;
    if !artifacts.is_dir() {
        return Err(Error::missing(artifacts, "there are no artifacts", REBUILD));
    }
    let version = options.version.clone().or_else(|| version_of(artifacts));
    let Some(version) = version else {
        let findings = unversioned(artifacts, options.source_revision.as_deref())?;
        return Ok(Verified {
            manifest: None,
            findings,
        });
    };
    let packages = packages(&version)?;
    let expected = Expected {
        packages: &packages,
        source_revision: options.source_revision.as_deref(),
    };
    // Two halves that share nothing but the disk's cache.
    let (manifest, inside) = thread::scope(|scope| {
        let manifest = scope.spawn(|| artifact_manifest::verify(artifacts, &expected).map_err(Error::File));
        let inside = inside(options, &packages, &version);
        (manifest.join(), inside)
    });
    let manifest = manifest.unwrap_or_else(|panic| resume_unwind(panic))?;
    let Verification {
        manifest,
        mut findings,
    } = manifest;
    let inside = inside?;
    findings.extend(inside.findings);
    if let (Some(manifest), Some(contents)) = (&manifest, &inside.contents) {
        findings.extend(contradicted(manifest, contents));
    }
    let manifest = manifest.filter(|_| findings.is_empty());
    Ok(Verified { manifest, findings })
}

/// What the manifest says of the package, and the package does not.
fn contradicted(manifest: &ArtifactManifest, contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::from_iter(of_commit(contents, manifest.source_revision.as_deref()));
    if !manifest.programs.is_empty() && manifest.programs != contents.programs() {
        let message =
            "failed to accept the artifact manifest: its programs were built otherwise than it says";
        findings.push(Finding::error("artifact-programs-differ", message).with_hint(REBUILD));
    }
    findings
}

fn packages(version: &semver::Version) -> Result<[ArtifactPackage; 2], Error> {
    let python = python_version(version)?;
    Ok([
        ArtifactPackage::npm(version.to_string()),
        ArtifactPackage::python(python.to_string()),
    ])
}

/// What the archives hold.
#[derive(Default)]
struct Inside {
    findings: Vec<Finding>,
    /// `None` when the package cannot be read.
    contents: Option<PackageContents>,
}

/// Reads the archives, and sees that both hold the same wheel. Missing ones are the manifest's to report.
fn inside(
    options: &VerifyOptions,
    packages: &[ArtifactPackage; 2],
    version: &semver::Version,
) -> Result<Inside, Error> {
    let artifacts = &options.artifacts;
    let [npm, python] = packages;
    let wheel = wheel_bytes(artifacts, python)?;
    let tarball = npm.artifact_path();
    let file = match fs::File::open(artifacts.join(&tarball)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Inside::default()),
        file => file.map_err(Error::File)?,
    };
    let contents = match PackageContents::unpack(file, &tarball) {
        Ok(contents) => contents,
        Err(findings) => {
            return Ok(Inside {
                findings,
                contents: None,
            });
        }
    };
    let mut findings = judge(&contents, version)?;
    findings.extend(of_machine(&contents, &options.machine));
    if let Some(wheel) = wheel {
        findings.extend(bundled(&contents, python, &wheel, &tarball));
    }
    findings.extend(unlocked(&contents, options.sources.as_deref())?);
    Ok(Inside {
        findings,
        contents: Some(contents),
    })
}

/// The package has the same wheel as the one beside it.
fn bundled(
    contents: &PackageContents,
    python: &ArtifactPackage,
    wheel: &[u8],
    tarball: &str,
) -> Vec<Finding> {
    let name = archive_path(python).file_name().to_owned();
    let message = match contents.get(&format!("{ASSETS}/{name}")) {
        // The package's rules have read the same bytes already.
        Some(bundled) if bundled.bytes == wheel => return Vec::new(),
        Some(_) => format!("failed to accept `{tarball}`: its `{name}` is not the one beside it"),
        None => format!("failed to accept `{tarball}`: it does not hold `{name}`"),
    };
    let mut findings = vec![Finding::error("artifact-wheel-differs", message).with_hint(REBUILD)];
    findings.extend(inspected(&name, wheel));
    findings
}

/// Locks of the package that are not as they were locked, or not those of the sources. Missing ones are reported by the
/// package's rules.
fn unlocked(contents: &PackageContents, sources: Option<&Path>) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for feature in Feature::ALL {
        let path = format!("{ASSETS}/{}", feature.lock_file());
        let Some(file) = contents.get(&path) else {
            continue;
        };
        if let Err(error) = LockFile::read(&String::from_utf8_lossy(file.bytes)) {
            let message = format!("failed to accept `{path}`: {error}");
            findings.push(Finding::error("artifact-lock-altered", message).with_hint(REBUILD));
        }
        let Some(root) = sources else { continue };
        let own = format!("{}/{}", lock::FOLDER, feature.lock_file());
        if fs::read(root.join(&own)).map_err(Error::File)? != file.bytes {
            let message = format!("failed to accept `{path}`: it is not `{own}` of this checkout");
            findings.push(Finding::error("artifact-lock-differs", message).with_hint(REBUILD));
        }
    }
    Ok(findings)
}

/// `None` when there is none, which the manifest's own check reports.
fn wheel_bytes(artifacts: &Path, python: &ArtifactPackage) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(artifacts.join(python.artifact_path())) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some).map_err(Error::File),
    }
}

fn inspected(name: &str, bytes: &[u8]) -> Vec<Finding> {
    match name.parse::<WheelFilename>() {
        Ok(filename) => wheel::inspect(std::io::Cursor::new(bytes), &filename, &Limits::default()).findings,
        Err(error) => vec![Finding::error("wheel-filename", error.to_string())],
    }
}

/// The version that the manifest of the artifacts names, when it can be read that far.
fn version_of(artifacts: &Path) -> Option<semver::Version> {
    let text = fs::read(artifacts.join(ARTIFACT_MANIFEST_FILE)).ok()?;
    let manifest: ArtifactManifest = serde_json::from_slice(&text).ok()?;
    let npm = manifest
        .packages
        .iter()
        .find(|package| package.package_name == artifact_manifest::NPM_PACKAGE)?;
    npm.package_version.parse().ok()
}

/// Findings about a manifest that does not even name a version: held against packages that it cannot fit.
fn unversioned(artifacts: &Path, source_revision: Option<&str>) -> Result<Vec<Finding>, Error> {
    let expected = Expected {
        packages: &[],
        source_revision,
    };
    Ok(artifact_manifest::verify(artifacts, &expected)
        .map_err(Error::File)?
        .findings)
}

#[expect(
    clippy::expect_used,
    reason = "the paths of the two packages are made of safe names"
)]
fn archive_path(package: &ArtifactPackage) -> ArchivePath {
    package
        .artifact_path()
        .parse()
        .expect("a path below the artifacts is safe")
}
