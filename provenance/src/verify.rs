//! Bundles: their signatures, certificates and entries in the log.
//!
//! <https://docs.sigstore.dev/about/bundle/>

use serde::Deserialize;
use serde_json::Value;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{CertificateError, Error, TransparencyLogError, VerificationPolicy};

use crate::claims::{Build, Expected, PREDICATE, Provenance, Refusal, Statement, check_subject, judge};
use crate::root::TrustRoot;

/// What a registry answers about the attestations of a version.
#[derive(Deserialize)]
struct Answer {
    attestations: Vec<Attestation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    predicate_type: String,
    bundle: Value,
}

/// Verifies the provenance in `text`, a registry's answer or one saved bundle, for the package with these bytes. When there
/// are several, each has to hold, and the last is returned.
pub fn verify(
    root: &TrustRoot,
    text: &str,
    bytes: &[u8],
    expected: &Expected<'_>,
) -> Result<Provenance, Refusal> {
    let bundles = attested(text, PREDICATE);
    let bundles = bundles.map_err(|error| Refusal::new("provenance-unreadable", error.to_string()))?;
    let mut verified = Err(Refusal::new(
        "provenance-missing",
        "there is no attestation about its build",
    ));
    for bundle in bundles {
        verified = Ok(verify_one(root, &bundle.to_string(), bytes, expected)?);
    }
    verified
}

/// The bundles with statements of this type in a registry's answer. One saved bundle is about a build.
pub(crate) fn attested(text: &str, predicate: &str) -> Result<Vec<Value>, serde_json::Error> {
    let value: Value = serde_json::from_str(text)?;
    if value.get("attestations").is_none() {
        let is_wanted = predicate == PREDICATE;
        return Ok(is_wanted.then_some(value).into_iter().collect());
    }
    let Answer { attestations } = serde_json::from_value(value)?;
    let of_type = attestations
        .into_iter()
        .filter(|one| one.predicate_type == predicate);
    Ok(of_type.map(|one| one.bundle).collect())
}

fn verify_one(
    root: &TrustRoot,
    text: &str,
    bytes: &[u8],
    expected: &Expected<'_>,
) -> Result<Provenance, Refusal> {
    let bundle =
        Bundle::from_json(text).map_err(|error| Refusal::new("provenance-unreadable", error.to_string()))?;
    if bundle.verification_material.tlog_entries.is_empty() {
        return Err(Refusal::new("provenance-log", "it is not in the public log"));
    }
    // Any identity: what the certificate claims is judged below, each claim with a code of its own.
    let policy = VerificationPolicy::any_identity();
    let result = root
        .0
        .verify(bytes, &bundle, &policy)
        .map_err(|error| refusal(&bundle, &error))?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Refusal::new("provenance-unreadable", "it signs no statement"));
    };
    let statement: Statement<Build> = serde_json::from_slice(envelope.payload.as_bytes())
        .map_err(|error| Refusal::new("provenance-unreadable", error.to_string()))?;
    check_subject(expected, &statement)?;
    let certificate = result
        .certificate()
        .filter(|_| result.certificate_verified() && result.sct_verified() && result.tlog_verified());
    let Some(certificate) = certificate else {
        return Err(Refusal::new(
            "provenance-certificate",
            "not everything about its certificate was verified",
        ));
    };
    let provenance = judge(expected, result.issuer(), &certificate.ci_claims, &statement)?;
    Ok(Provenance {
        signed_at: result.verified_timestamps().iter().min().copied(),
        ..provenance
    })
}

fn refusal(bundle: &Bundle, error: &Error) -> Refusal {
    let code = match error {
        Error::SignatureInvalid(_) => "provenance-signature",
        Error::ArtifactMismatch(_) => "provenance-subject",
        Error::Certificate(
            CertificateError::Expired { .. }
            | CertificateError::NotYetValid { .. }
            | CertificateError::NoValidAuthority { .. },
        )
        | Error::TransparencyLog(TransparencyLogError::IntegratedTime(_))
        | Error::Timestamp(_) => "provenance-expired",
        Error::Certificate(_) if was_over(bundle) => "provenance-expired",
        Error::Certificate(_) => "provenance-certificate",
        Error::TransparencyLog(_) => "provenance-log",
        _ => "provenance-unreadable",
    };
    Refusal::new(code, error.to_string())
}

/// Whether the log took an entry while the certificate was not valid: the chain is refused for that, too.
fn was_over(bundle: &Bundle) -> bool {
    let certificate = bundle.signing_certificate();
    let certificate = certificate.and_then(|certificate| parse_certificate_info(certificate).ok());
    let times = bundle.verification_material.tlog_entries.iter();
    let mut times = times.filter_map(|entry| entry.integrated_time);
    certificate.is_some_and(|certificate| {
        times.any(|time| time < certificate.not_before || time > certificate.not_after)
    })
}
