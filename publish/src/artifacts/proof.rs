//! The smoke reports, as proof of the artifacts before and of the package after publishing.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use jiff::{SignedDuration, Timestamp};
use ktx_manifest::Sha256Digest;
use ktx_manifest::artifact_manifest::{ArtifactFile, ArtifactKind, ArtifactManifest};
use ktx_manifest::smoke_report::{PackageSource, ProvenFile, SmokeReport, SmokeVerdict};
use ktx_names::{NPM_PACKAGE, Platform};
use ktx_policy::guard::PublishedProof;
use ktx_policy::readiness::{COMPLETE_PLATFORM, SmokeProof};
use ktx_policy::{RegistryUrl, ReleasePolicy};

use super::tarball::integrity_of;

/// Scenarios that no platform may skip: the package installs, and the runtime works.
const INDISPENSABLE: [&str; 2] = ["npm-local", "runtime-lifecycle"];

/// The scenario that installs the package from a registry.
const PUBLISHED: &str = "published";

/// Clocks of several machines differ.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);

/// What a report is compared with.
pub(super) struct Claims<'a> {
    pub(super) policy: &'a ReleasePolicy,
    pub(super) policy_digest: Sha256Digest,
    /// `None` when the artifacts are not what their manifest says.
    pub(super) manifest: Option<&'a ArtifactManifest>,
    /// The scenarios that a report must have, by platform; the ones that must have passed are checked here.
    pub(super) scenarios: &'a BTreeMap<Platform, Vec<String>>,
    pub(super) now: Timestamp,
}

/// What the report of each platform proves.
pub(super) fn gather(reports: &Path, claims: &Claims<'_>) -> BTreeMap<Platform, SmokeProof> {
    let proof = |platform: &Platform| {
        let path = reports.join(SmokeReport::file_name(*platform));
        let exists = fs::symlink_metadata(&path).is_ok();
        exists.then(|| (*platform, judge(&path, *platform, claims)))
    };
    claims.policy.platforms.iter().filter_map(proof).collect()
}

fn judge(path: &Path, platform: Platform, claims: &Claims<'_>) -> SmokeProof {
    let report = match SmokeReport::load(path) {
        Ok(report) => report,
        Err(error) => return SmokeProof::Unreadable(error.to_string()),
    };
    if report.platform != platform {
        return SmokeProof::Unreadable(format!("it is of {}", report.platform));
    }
    if report.source != (PackageSource::Artifacts {}) {
        return SmokeProof::FromRegistry;
    }
    let Some(manifest) = claims.manifest else {
        return SmokeProof::Unreadable("there are no verified artifacts to compare it with".to_owned());
    };
    if let Err(proof) = same_files(&report, manifest) {
        return proof;
    }
    if report.policy_sha256 != claims.policy_digest {
        return SmokeProof::OtherPolicy;
    }
    if let Some(how) = impossible_time(&report, manifest.generated_at, claims.now) {
        return SmokeProof::Contradicts(how);
    }
    let required = match &claims.policy.required_scenarios {
        Some(required) => required,
        None => claims.scenarios.get(&platform).map_or(&[][..], Vec::as_slice),
    };
    let is_played = |name: &str| report.scenarios.iter().any(|scenario| scenario.name == name);
    let missing: Vec<&str> = required
        .iter()
        .map(String::as_str)
        .filter(|name| !is_played(name) && !INDISPENSABLE.contains(name))
        .chain(INDISPENSABLE.into_iter().filter(|name| !report.passed(name)))
        .collect();
    match report.verdict() {
        SmokeVerdict::Failed(names) => SmokeProof::NotGreen(format!("{} failed", names.join(", "))),
        SmokeVerdict::Incomplete(names) if platform == COMPLETE_PLATFORM => {
            SmokeProof::NotGreen(format!("{} skipped", names.join(", ")))
        }
        SmokeVerdict::Empty => SmokeProof::NotGreen("nothing ran".to_owned()),
        SmokeVerdict::Green | SmokeVerdict::Incomplete(_) if !missing.is_empty() => {
            SmokeProof::NotGreen(format!("{} did not run", missing.join(", ")))
        }
        SmokeVerdict::Green | SmokeVerdict::Incomplete(_) => SmokeProof::Green,
    }
}

/// The report is about exactly these two files: by digest, size and name.
fn same_files(report: &SmokeReport, manifest: &ArtifactManifest) -> Result<(), SmokeProof> {
    let files = [
        ("tarball", ArtifactKind::Tarball, &report.tarball),
        ("wheel", ArtifactKind::Wheel, &report.wheel),
    ];
    for (what, kind, proven) in files {
        let Some(built) = manifest.file(kind).filter(|built| built.sha256 == proven.sha256) else {
            return Err(SmokeProof::OtherBytes(what.to_owned()));
        };
        if let Some(how) = misdescribed(built, proven) {
            return Err(SmokeProof::Contradicts(how));
        }
    }
    Ok(())
}

fn misdescribed(built: &ArtifactFile, proven: &ProvenFile) -> Option<String> {
    let path = built.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    if proven.file.as_str() != name {
        return Some(format!("it names {}, which is {name}", proven.file));
    }
    (proven.bytes != built.bytes).then(|| format!("{name} has {} bytes, not {}", built.bytes, proven.bytes))
}

/// A smoke runs after its artifacts were built, and is over now.
fn impossible_time(report: &SmokeReport, built: Timestamp, now: Timestamp) -> Option<String> {
    let (started, finished) = (report.started_at, report.finished_at);
    if started.saturating_add(CLOCKS).ok()? < built {
        return Some(format!("it began at {started}, before the build at {built}"));
    }
    (finished > now.saturating_add(CLOCKS).ok()?).then(|| format!("it ended at {finished}, which is not yet"))
}

/// The proof that `version` works when it comes from `registry`: a green report of the scenario that installs it from
/// there. `served` are the bytes that the registry serves now.
pub fn published_proof(
    reports: &Path,
    registry: &RegistryUrl,
    version: &str,
    served: &[u8],
) -> Option<PublishedProof> {
    let digest = Sha256Digest::of(served);
    let reports: Vec<SmokeReport> = fs::read_dir(reports)
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| SmokeReport::load(&path).ok())
        .filter(|report| report.verdict() == SmokeVerdict::Green && report.passed(PUBLISHED))
        .filter(|report| is_from(&report.source, registry))
        .collect();
    let version = version.to_owned();
    let is_same =
        |report: &SmokeReport| report.tarball.sha256 == digest && report.tarball.bytes == served.len() as u64;
    if reports.iter().any(is_same) {
        let integrity = integrity_of(served);
        return Some(PublishedProof::Served { version, integrity });
    }
    let specification = format!("{NPM_PACKAGE}@{version}");
    let names_version = |report: &SmokeReport| match &report.source {
        PackageSource::Registry { package, .. } => *package == specification,
        PackageSource::Artifacts {} => false,
    };
    reports
        .iter()
        .any(names_version)
        .then_some(PublishedProof::OtherBytes { version })
}

fn is_from(source: &PackageSource, registry: &RegistryUrl) -> bool {
    match source {
        PackageSource::Registry { url, .. } => url.parse::<RegistryUrl>().is_ok_and(|url| url == *registry),
        PackageSource::Artifacts {} => false,
    }
}
