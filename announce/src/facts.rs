//! Everything that is known about a release before it is published: artifacts, gates, comparison, proof.

use std::collections::BTreeMap;

use fs_err as fs;
use ktx_inspect::Comparison;
use ktx_manifest::artifact_manifest::{ARTIFACT_MANIFEST_FILE, ArtifactFile, ArtifactKind, ArtifactManifest};
use ktx_manifest::smoke_report::SmokeReport;
use ktx_names::Platform;
use ktx_policy::ReleasePolicy;
use ktx_policy::readiness::ReadinessReport;
use ktx_policy::readiness::SourceFacts;
use ktx_publish::PublishError;
use ktx_publish::artifacts::{Location, Survey, Tarball, read_comparison, survey};

/// The facts of one release.
#[derive(Debug)]
pub struct Release {
    pub version: String,
    pub policy: ReleasePolicy,
    pub readiness: ReadinessReport,
    /// Absent as long as the artifacts are not what their manifest says.
    pub tarball: Option<Tarball>,
    /// As the artifact manifest lists them; empty without a tarball.
    pub files: Vec<ArtifactFile>,
    /// Of this very tarball.
    pub comparison: Option<Comparison>,
    /// Reports about this very tarball, by platform.
    pub smoke: BTreeMap<Platform, SmokeReport>,
}

impl Release {
    /// Gathers the facts; what is missing is absent, and the gates say why.
    pub fn gather(location: &Location, sources: &SourceFacts) -> Result<Self, PublishError> {
        let Survey {
            policy,
            readiness,
            tarball,
        } = survey(location, sources)?;
        let digest = tarball.as_ref().map(|tarball| tarball.content().sha256);
        let report = |platform: Platform| {
            let path = location.reports.join(SmokeReport::file_name(platform));
            let report = SmokeReport::load(&path).ok()?;
            (Some(report.tarball.sha256) == digest).then_some((platform, report))
        };
        Ok(Self {
            version: sources.version.to_string(),
            files: tarball
                .as_ref()
                .map(|tarball| files(location, tarball))
                .unwrap_or_default(),
            comparison: read_comparison(&location.reports, tarball.as_ref()).ok(),
            smoke: Platform::ALL.into_iter().filter_map(report).collect(),
            policy,
            readiness,
            tarball,
        })
    }
}

/// The manifest was verified with the tarball; one that was put in its place since then is about other bytes.
fn files(location: &Location, tarball: &Tarball) -> Vec<ArtifactFile> {
    let text = fs::read(location.artifacts.join(ARTIFACT_MANIFEST_FILE)).unwrap_or_default();
    let manifest: Option<ArtifactManifest> = serde_json::from_slice(&text).ok();
    let manifest = manifest.filter(|manifest| {
        let file = manifest.file(ArtifactKind::Tarball);
        file.is_some_and(|file| file.content() == tarball.content())
    });
    manifest.map(|manifest| manifest.files).unwrap_or_default()
}
