//! The registry's attestation that it published a version: signed with a key of the registry, and in the public log.
//!
//! <https://github.com/npm/attestation/tree/main/specs/publish/v0.1>

use serde::Deserialize;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{Error, PublicKeyVerificationPolicy};

use crate::claims::{Refusal, Statement, purl};
use crate::registry_keys::RegistryKeys;
use crate::root::TrustRoot;
use crate::verify::attested;

/// The type of a statement about a publication.
const PREDICATE: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";

const UNREADABLE: &str = "publication-unreadable";

#[derive(Deserialize)]
struct Publication {
    name: String,
    version: String,
}

/// Verifies the registry's attestation in `text`, the registry's answer, for the package with these bytes.
pub fn verify_publication(
    root: &TrustRoot,
    text: &str,
    bytes: &[u8],
    (name, version): (&str, &str),
    keys: &RegistryKeys,
) -> Result<(), Refusal> {
    let bundles = attested(text, PREDICATE).map_err(|error| Refusal::new(UNREADABLE, error.to_string()))?;
    if bundles.is_empty() {
        let cause = "the registry has no attestation of the publication";
        return Err(Refusal::new("publication-missing", cause));
    }
    for bundle in bundles {
        let statement = signed(root, &bundle.to_string(), bytes, keys)?;
        is_about(&statement, name, version)?;
    }
    Ok(())
}

/// The statement of a bundle whose signature and entry in the log are good.
fn signed(
    root: &TrustRoot,
    text: &str,
    bytes: &[u8],
    keys: &RegistryKeys,
) -> Result<Statement<Publication>, Refusal> {
    let unreadable = |cause: String| Refusal::new(UNREADABLE, cause);
    let bundle = Bundle::from_json(text).map_err(|error| unreadable(error.to_string()))?;
    let VerificationMaterialContent::PublicKey(named) = &bundle.verification_material.content else {
        return Err(unreadable("it names no key of the registry".to_owned()));
    };
    let Some(key) = keys.find(&named.hint) else {
        let cause = format!("the registry has no key {}", named.hint);
        return Err(Refusal::new("publication-key", cause));
    };
    if bundle.verification_material.tlog_entries.is_empty() {
        return Err(Refusal::new("publication-log", "it is not in the public log"));
    }
    let public = key
        .public_key()
        .map_err(|cause| Refusal::new("publication-key", cause))?;
    let verified = root
        .0
        .verify(bytes, &bundle, &PublicKeyVerificationPolicy::new(public))
        .map_err(|error| refusal(&error))?;
    if !verified.tlog_verified() {
        return Err(Refusal::new(
            "publication-log",
            "its place in the log was not verified",
        ));
    }
    if key.had_expired(verified.verified_timestamps().iter().max().copied()) {
        let cause = format!("the key {} had expired", named.hint);
        return Err(Refusal::new("publication-key", cause));
    }
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(unreadable("it signs no statement".to_owned()));
    };
    serde_json::from_slice(envelope.payload.as_bytes()).map_err(|error| unreadable(error.to_string()))
}

fn is_about(statement: &Statement<Publication>, name: &str, version: &str) -> Result<(), Refusal> {
    if statement.predicate_type != PREDICATE {
        let cause = format!("it is a statement of the type {}", statement.predicate_type);
        return Err(Refusal::new(UNREADABLE, cause));
    }
    let subject = |cause: String| Refusal::new("publication-subject", cause);
    statement.check_subject(&purl(name, version)).map_err(subject)?;
    let Publication {
        name: published,
        version: under,
    } = &statement.predicate;
    if published != name || under != version {
        return Err(subject(format!("it is about {published}@{under}")));
    }
    Ok(())
}

fn refusal(error: &Error) -> Refusal {
    let code = match error {
        Error::SignatureInvalid(_) => "publication-signature",
        Error::ArtifactMismatch(_) => "publication-subject",
        Error::TransparencyLog(_) | Error::Timestamp(_) => "publication-log",
        _ => UNREADABLE,
    };
    Refusal::new(code, error.to_string())
}
