//! The attestations of a version: whether the release workflow built it, and whether the registry says that it published
//! these bytes.

use ktx_provenance::TrustRoot;
use ktx_publish::provenance::{Evidence, MISSING, UNPUBLISHED};

use super::{Check, Trust};

const PUBLISHED: &str = "the registry attests that it published these bytes";
const BUILT: &str = "the release workflow of this repository built it, at the commit that the package names";

pub fn check(evidence: &Evidence, version: &str, bytes: &[u8], trust: &Trust) -> Vec<Check> {
    let built = match evidence.built(version, bytes, &trust.root) {
        Ok(_) => Check::passed(BUILT),
        Err(refusal) if refusal.code == MISSING && !trust.required && !evidence.is_announced() => {
            Check::skipped(BUILT, refusal.cause)
        }
        Err(refusal) => Check::failed(BUILT, refusal.code, refusal.cause),
    };
    vec![published(evidence, version, bytes, &trust.root), built]
}

fn published(evidence: &Evidence, version: &str, bytes: &[u8], root: &TrustRoot) -> Check {
    match evidence.published(version, bytes, root) {
        None => Check::skipped(PUBLISHED, "no keys of the registry are known"),
        Some(Ok(())) => Check::passed(PUBLISHED),
        Some(Err(refusal)) if [MISSING, UNPUBLISHED].contains(&refusal.code) => {
            Check::skipped(PUBLISHED, refusal.cause)
        }
        Some(Err(refusal)) => Check::failed(PUBLISHED, refusal.code, refusal.cause),
    }
}
