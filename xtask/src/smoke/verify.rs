//! What `cargo xtask verify` says about an artifacts folder and `cargo xtask verify-published` about a published package,
//! as the known-bad corpus asks them.

use camino::Utf8Path;
use ktx_announce::published::{ClaimStatus, Trust, saved};
use ktx_provenance::{RegistryKeys, TrustRoot};
use ktx_release::artifacts::{self, VerifyOptions};
use ktx_smoke::known_bad::{BUILD_HOST, Evidence};

/// The codes of all findings.
pub fn codes(folder: &Utf8Path) -> Vec<String> {
    let options = VerifyOptions {
        artifacts: folder.into(),
        version: None,
        source_revision: None,
        machine: vec![BUILD_HOST.to_owned()],
        sources: None,
    };
    match artifacts::verify(&options) {
        Ok(verified) => verified
            .findings
            .iter()
            .map(|finding| finding.code.to_string())
            .collect(),
        Err(error) => vec![format!("unreadable: {error}")],
    }
}

/// The codes of the checks that fail on a tarball with this evidence.
pub fn published(bytes: &[u8], evidence: &Evidence) -> Vec<String> {
    let judged = || -> Result<Vec<String>, String> {
        let trust = Trust {
            root: TrustRoot::read(&evidence.trusted_root)?,
            required: true,
        };
        let keys = RegistryKeys::read(evidence.keys.as_bytes()).map_err(|error| error.to_string())?;
        let attestations = Some(evidence.attestations.clone());
        let published = saved(
            evidence.version.clone(),
            bytes.to_vec(),
            attestations,
            Some(keys),
            &trust,
        );
        let codes = published
            .checks
            .into_iter()
            .filter_map(|check| match check.verdict {
                ClaimStatus::Failed { code, .. } => Some(code.into_owned()),
                ClaimStatus::Passed | ClaimStatus::NotChecked { .. } => None,
            });
        Ok(codes.collect())
    };
    judged().unwrap_or_else(|cause| vec![format!("unreadable: {cause}")])
}
