//! The registry's own signature of `name@version:integrity`.
//!
//! <https://docs.npmjs.com/about-registry-signatures>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ktx_names::NPM_PACKAGE;
use ktx_publish::PublishError;
use ktx_publish::registry::Registry;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

use super::Check;
use super::document::{RegistryDocument, Version};

const CLAIM: &str = "the registry signed the version";

/// The header of a P-256 key in SubjectPublicKeyInfo (RFC 5480), before its 65 bytes of an uncompressed point.
const P256_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    keyid: String,
    keytype: String,
    /// SubjectPublicKeyInfo in base64.
    key: String,
    /// Null for a key in use.
    expires: Option<String>,
}

/// A registry without keys signs nothing; one with keys signs every version.
pub fn check(
    registry: &Registry,
    document: &RegistryDocument,
    version: &str,
    described: &Version,
) -> Result<Check, PublishError> {
    let address = format!("{}-/npm/v1/keys", registry.url());
    let Some(body) = registry.fetch(&address)? else {
        return Ok(Check::skipped(CLAIM, "it has no keys"));
    };
    let Ok(Keys { keys }) = serde_json::from_slice(&body) else {
        return Err(PublishError::Registry {
            address,
            cause: "the answer is not a list of keys".to_owned(),
        });
    };
    let integrity = described.dist.integrity.as_deref().unwrap_or_default();
    let message = format!("{NPM_PACKAGE}@{version}:{integrity}");
    if described.dist.signatures.is_empty() {
        return Ok(Check::failed(
            CLAIM,
            "signature-missing",
            "it has keys, but the version carries no signature",
        ));
    }
    for signature in &described.dist.signatures {
        let Some(key) = keys.iter().find(|key| key.keyid == signature.keyid) else {
            return Ok(Check::failed(
                CLAIM,
                "signature-key-unknown",
                format!("it has no key {}", signature.keyid),
            ));
        };
        if key.was_expired(document.published_at(version)) {
            return Ok(Check::failed(
                CLAIM,
                "signature-key-expired",
                format!("{} had expired", key.keyid),
            ));
        }
        if let Err(cause) = key.verify(message.as_bytes(), &signature.sig) {
            return Ok(Check::failed(CLAIM, "signature-invalid", cause));
        }
    }
    Ok(Check::passed(CLAIM))
}

impl Key {
    /// A key signs until it expires; a moment that cannot be read counts as after.
    fn was_expired(&self, published_at: Option<&str>) -> bool {
        let Some(expires) = &self.expires else {
            return false;
        };
        let moments = (
            expires.parse::<Timestamp>(),
            published_at.unwrap_or_default().parse::<Timestamp>(),
        );
        !matches!(moments, (Ok(expires), Ok(published)) if published < expires)
    }

    fn verify(&self, message: &[u8], signature: &str) -> Result<(), String> {
        if self.keytype != "ecdsa-sha2-nistp256" {
            return Err(format!("the key is of the unknown type {}", self.keytype));
        }
        let key = STANDARD
            .decode(&self.key)
            .map_err(|error| format!("the key is not base64: {error}"))?;
        let point = key
            .strip_prefix(&P256_HEADER)
            .ok_or("the key is not one of P-256")?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|error| format!("the signature is not base64: {error}"))?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        key.verify(message, &signature)
            .map_err(|_| "the signature is of something else".to_owned())
    }
}
