//! Whether the bill of materials and the notices in the tarball are true: judged by its bytes, as the build judged them.

use ktx_manifest::Finding;
use ktx_manifest::artifact_manifest::{ArtifactManifest, NPM_PACKAGE};
use ktx_release::package::{PackageContents, of_bill};

use super::Tarball;

/// What they say of `tarball`, which `manifest` describes, that is not so; one line each.
pub(super) fn faults(tarball: &Tarball, manifest: &ArtifactManifest) -> Vec<String> {
    let npm = manifest
        .packages
        .iter()
        .find(|package| package.package_name == NPM_PACKAGE);
    let version = npm.map_or("", |package| package.package_version.as_str());
    let Ok(version) = version.parse() else {
        return vec![format!("the artifact manifest names no version of {NPM_PACKAGE}")];
    };
    let findings = match PackageContents::unpack(tarball.bytes(), tarball.file_name()) {
        Ok(contents) => of_bill(&contents, &version, manifest.source_revision.as_deref()),
        Err(findings) => findings,
    };
    let line = |finding: Finding| format!("{} [{}]", finding.message, finding.code);
    findings.into_iter().map(line).collect()
}
