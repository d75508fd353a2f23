//! What `cargo xtask verify` says about an artifacts folder, as the known-bad corpus asks it.

use camino::Utf8Path;
use ktx_release::artifacts::{self, VerifyOptions};
use ktx_smoke::known_bad::BUILD_HOST;

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
