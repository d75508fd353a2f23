//! The attestations of a version: their subjects, and whether the release workflow signed the one about its build.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ktx_names::NPM_PACKAGE;
use ktx_publish::PublishError;
use ktx_publish::artifacts::integrity_of;
use ktx_publish::provenance::read_provenance;
use ktx_publish::registry::Registry;
use serde::Deserialize;

use super::document::Version;
use super::{Check, Trust};

const SUBJECT: &str = "the attestations are about these bytes";
const BUILT: &str = "the release workflow of this repository built it, at the commit that the package names";

#[derive(Deserialize)]
struct Answer {
    attestations: Vec<Attestation>,
}

#[derive(Deserialize)]
struct Attestation {
    bundle: Bundle,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    payload: String,
}

#[derive(Deserialize)]
struct Statement {
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

pub fn check(
    registry: &Registry,
    version: &str,
    described: &Version,
    bytes: &[u8],
    trust: &Trust,
) -> Result<Vec<Check>, PublishError> {
    let address = described
        .dist
        .attestations
        .as_ref()
        .map(|attestations| attestations.url.as_str());
    let built = match read_provenance(registry, address, version, bytes, &trust.root)? {
        Ok(_) => Check::passed(BUILT),
        Err(refusal) if refusal.code == "provenance-missing" && !trust.required => {
            Check::skipped(BUILT, refusal.cause)
        }
        Err(refusal) => Check::failed(BUILT, refusal.code, refusal.cause),
    };
    let Some(attestations) = &described.dist.attestations else {
        return Ok(vec![Check::skipped(SUBJECT, "the version has none"), built]);
    };
    let address = &attestations.url;
    let Some(body) = registry.fetch(address)? else {
        let cause = "the version announces some, but the registry does not have them";
        return Ok(vec![Check::failed(SUBJECT, "attestation-missing", cause), built]);
    };
    let answer: Result<Answer, _> = serde_json::from_slice(&body);
    let judged = answer
        .map_err(|error| error.to_string())
        .and_then(|answer| judge(&answer, version, bytes));
    let subject = match judged {
        Ok(()) => Check::passed(SUBJECT),
        Err(cause) => Check::failed(SUBJECT, "attestation-subject", cause),
    };
    Ok(vec![subject, built])
}

fn judge(answer: &Answer, version: &str, bytes: &[u8]) -> Result<(), String> {
    let integrity = integrity_of(bytes).0;
    let digest = integrity
        .strip_prefix("sha512-")
        .and_then(|text| STANDARD.decode(text).ok());
    let digest: String = digest
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // A purl writes the at sign of a scope in percent.
    let name = format!("pkg:npm/{}@{version}", NPM_PACKAGE.replacen('@', "%40", 1));
    if answer.attestations.is_empty() {
        return Err("there are none".to_owned());
    }
    for attestation in &answer.attestations {
        let payload = STANDARD.decode(&attestation.bundle.dsse_envelope.payload);
        let statement: Option<Statement> = payload
            .ok()
            .and_then(|payload| serde_json::from_slice(&payload).ok());
        let Some(Statement { subject }) = statement else {
            return Err("one is not an in-toto statement".to_owned());
        };
        let [subject] = subject.as_slice() else {
            return Err(format!("one is about {} subjects", subject.len()));
        };
        if subject.name != name {
            return Err(format!("one is about {}", subject.name));
        }
        if subject.digest.get("sha512") != Some(&digest) {
            return Err("one is about other bytes".to_owned());
        }
    }
    Ok(())
}
