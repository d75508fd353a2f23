//! The keys with which a registry signs its versions and its attestations.
//!
//! <https://docs.npmjs.com/about-registry-signatures>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use sigstore_verify::types::DerPublicKey;

/// The header of a P-256 key in SubjectPublicKeyInfo (RFC 5480), before its 65 bytes of an uncompressed point.
const P256_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What a registry answers at `/-/npm/v1/keys`.
#[derive(Debug, Clone, Deserialize)]
pub struct RegistryKeys {
    keys: Vec<RegistryKey>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RegistryKey {
    keyid: String,
    keytype: String,
    /// SubjectPublicKeyInfo in base64.
    key: String,
    /// Null for a key in use.
    expires: Option<String>,
}

impl RegistryKeys {
    pub fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub fn find(&self, id: &str) -> Option<&RegistryKey> {
        self.keys.iter().find(|key| key.keyid == id)
    }
}

impl RegistryKey {
    /// A key signs until it expires; a moment that is not known counts as after.
    pub fn had_expired(&self, at: Option<Timestamp>) -> bool {
        let Some(expires) = &self.expires else {
            return false;
        };
        !matches!((expires.parse::<Timestamp>(), at), (Ok(expires), Some(at)) if at < expires)
    }

    /// Verifies an ECDSA signature, in DER in base64. The error is the cause.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), String> {
        let key = self.spki()?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|error| format!("the signature is not base64: {error}"))?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key[P256_HEADER.len()..]);
        key.verify(message, &signature)
            .map_err(|_| "the signature is of something else".to_owned())
    }

    pub(crate) fn public_key(&self) -> Result<DerPublicKey, String> {
        self.spki().map(DerPublicKey::from)
    }

    fn spki(&self) -> Result<Vec<u8>, String> {
        if self.keytype != "ecdsa-sha2-nistp256" {
            return Err(format!("the key is of the unknown type {}", self.keytype));
        }
        let key = STANDARD
            .decode(&self.key)
            .map_err(|error| format!("the key is not base64: {error}"))?;
        match key.starts_with(&P256_HEADER) {
            true => Ok(key),
            false => Err("the key is not one of P-256".to_owned()),
        }
    }
}
