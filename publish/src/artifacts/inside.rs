//! What is in the tarball, judged by its bytes as the build judged them: whether the bill of materials and the notices are
//! true, and whether the code signatures are of the programs that have them.

use std::collections::BTreeMap;

use ktx_manifest::Finding;
use ktx_manifest::artifact_manifest::{ArtifactManifest, NPM_PACKAGE};
use ktx_names::Platform;
use ktx_policy::readiness::CodeSignature;
use ktx_release::package::{PackageContents, of_bill};
use ktx_release::signature::{self, ProgramSignature};

use super::Tarball;

#[derive(Default)]
pub(super) struct Judged {
    /// What bill and notices say that is not so; one line each.
    pub bill_faults: Vec<String>,
    pub signatures: BTreeMap<Platform, CodeSignature>,
}

/// Looks into `tarball`, which `manifest` describes.
pub(super) fn look(tarball: &Tarball, manifest: &ArtifactManifest) -> Judged {
    let npm = manifest
        .packages
        .iter()
        .find(|package| package.package_name == NPM_PACKAGE);
    let version = npm.map_or("", |package| package.package_version.as_str());
    let faulty = |bill_faults| Judged {
        bill_faults,
        ..Judged::default()
    };
    let Ok(version) = version.parse() else {
        return faulty(vec![format!(
            "the artifact manifest names no version of {NPM_PACKAGE}"
        )]);
    };
    let line = |finding: Finding| format!("{} [{}]", finding.message, finding.code);
    let contents = match PackageContents::unpack(tarball.bytes(), tarball.file_name()) {
        Ok(contents) => contents,
        Err(findings) => return faulty(findings.into_iter().map(line).collect()),
    };
    let findings = of_bill(&contents, &version, manifest.source_revision.as_deref());
    let signed = Platform::ALL.into_iter().filter_map(|platform| {
        let program = contents.get(&platform.program_path())?;
        Some((platform, signature_of(program.bytes)))
    });
    Judged {
        bill_faults: findings.into_iter().map(line).collect(),
        signatures: signed.collect(),
    }
}

fn signature_of(program: &[u8]) -> CodeSignature {
    match signature::read(program) {
        Ok(ProgramSignature::Absent | ProgramSignature::AdHoc) => CodeSignature::Uncertified,
        Ok(ProgramSignature::Certified(subject)) => CodeSignature::Certified(subject),
        Err(cause) => CodeSignature::Broken(cause),
    }
}
