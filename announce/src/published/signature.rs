//! The registry's own signature of `name@version:integrity`.
//!
//! <https://docs.npmjs.com/about-registry-signatures>

use jiff::Timestamp;
use ktx_names::NPM_PACKAGE;
use ktx_provenance::RegistryKeys;

use super::Check;
use super::document::Version;

const CLAIM: &str = "the registry signed the version";

/// A registry without keys signs nothing; one with keys signs every version.
pub fn check(
    keys: Option<&RegistryKeys>,
    version: &str,
    published_at: Option<&str>,
    described: &Version,
) -> Check {
    let Some(keys) = keys else {
        return Check::skipped(CLAIM, "it has no keys");
    };
    let integrity = described.dist.integrity.as_deref().unwrap_or_default();
    let message = format!("{NPM_PACKAGE}@{version}:{integrity}");
    let published_at: Option<Timestamp> = published_at.and_then(|moment| moment.parse().ok());
    if described.dist.signatures.is_empty() {
        let cause = "it has keys, but the version carries no signature";
        return Check::failed(CLAIM, "signature-missing", cause);
    }
    for signature in &described.dist.signatures {
        let id = &signature.keyid;
        let Some(key) = keys.find(id) else {
            return Check::failed(CLAIM, "signature-key-unknown", format!("it has no key {id}"));
        };
        if key.had_expired(published_at) {
            return Check::failed(CLAIM, "signature-key-expired", format!("{id} had expired"));
        }
        if let Err(cause) = key.verify(message.as_bytes(), &signature.sig) {
            return Check::failed(CLAIM, "signature-invalid", cause);
        }
    }
    Check::passed(CLAIM)
}
