//! The smoke reports, as proof of the artifacts before and of the package after publishing.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use ktx_manifest::Sha256Digest;
use ktx_manifest::smoke_report::{PackageSource, SmokeReport, Verdict};
use ktx_names::{NPM_PACKAGE, Platform};
use ktx_policy::RegistryUrl;
use ktx_policy::guard::PublishedProof;
use ktx_policy::readiness::{COMPLETE_PLATFORM, SmokeProof};

use super::tarball::integrity_of;

/// Scenarios without which a green report proves too little: the package installs, and the runtime works.
const INDISPENSABLE: [&str; 2] = ["npm-local", "runtime-lifecycle"];

/// The scenario that installs the package from a registry.
const PUBLISHED: &str = "published";

/// What the report of each platform says about the tarball with `digest`.
pub(super) fn gather(
    reports: &Path,
    platforms: &[Platform],
    digest: Option<Sha256Digest>,
    policy: Sha256Digest,
) -> BTreeMap<Platform, SmokeProof> {
    let proof = |platform: &Platform| {
        let path = reports.join(format!("smoke-{platform}.json"));
        let exists = fs::symlink_metadata(&path).is_ok();
        exists.then(|| (*platform, judge(&path, *platform, digest, policy)))
    };
    platforms.iter().filter_map(proof).collect()
}

fn judge(path: &Path, platform: Platform, digest: Option<Sha256Digest>, policy: Sha256Digest) -> SmokeProof {
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
    if Some(report.tarball.sha256) != digest {
        return SmokeProof::OtherTarball;
    }
    if report.policy_sha256 != policy {
        return SmokeProof::OtherPolicy;
    }
    let missing: Vec<&str> = INDISPENSABLE
        .into_iter()
        .filter(|name| !report.passed(name))
        .collect();
    match report.verdict() {
        Verdict::Failed(names) => SmokeProof::NotGreen(format!("{} failed", names.join(", "))),
        Verdict::Incomplete(names) if platform == COMPLETE_PLATFORM => {
            SmokeProof::NotGreen(format!("{} skipped", names.join(", ")))
        }
        Verdict::Empty => SmokeProof::NotGreen("nothing ran".to_owned()),
        Verdict::Green | Verdict::Incomplete(_) if !missing.is_empty() => {
            SmokeProof::NotGreen(format!("{} did not run", missing.join(", ")))
        }
        Verdict::Green | Verdict::Incomplete(_) => SmokeProof::Green,
    }
}

/// The proof that `version` works when it comes from `registry`: a green report of the scenario that installs it from
/// there. `served` are the bytes that the registry serves now; a report of other bytes proves something else, which
/// the guard will say.
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
        .filter(|report| report.verdict() == Verdict::Green && report.passed(PUBLISHED))
        .filter(|report| is_from(&report.source, registry))
        .collect();
    if reports.iter().any(|report| report.tarball.sha256 == digest) {
        return Some(PublishedProof {
            version: version.to_owned(),
            integrity: integrity_of(served),
        });
    }
    let specification = format!("{NPM_PACKAGE}@{version}");
    let names_version = |report: &SmokeReport| match &report.source {
        PackageSource::Registry { package, .. } => *package == specification,
        PackageSource::Artifacts {} => false,
    };
    reports.iter().any(names_version).then(|| PublishedProof {
        version: version.to_owned(),
        integrity: ktx_policy::guard::Integrity("other bytes".to_owned()),
    })
}

fn is_from(source: &PackageSource, registry: &RegistryUrl) -> bool {
    match source {
        PackageSource::Registry { url, .. } => url.parse::<RegistryUrl>().is_ok_and(|url| url == *registry),
        PackageSource::Artifacts {} => false,
    }
}
