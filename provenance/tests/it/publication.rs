//! The registry's attestation of a publication.

use ktx_fixtures::authority::{Authority, Flaw};
use ktx_provenance::{RegistryKeys, TrustRoot, verify_publication};
use serde_json::{Value, json};

use super::{BYTES, code_of};

const VERSION: &str = "1.2.3";

fn judged(authority: &Authority, attestation: &Value, bytes: &[u8], keys: &Value) -> String {
    let root = TrustRoot::read(&authority.trusted_root()).expect("a trusted root");
    let keys = RegistryKeys::read(keys.to_string().as_bytes()).expect("keys");
    let answer = json!({"attestations": [attestation]}).to_string();
    code_of(verify_publication(
        &root,
        &answer,
        bytes,
        ("@kaelio/ktx", VERSION),
        &keys,
    ))
}

#[test]
fn each_step_of_the_proof_is_verified() {
    let authority = Authority::default();
    for (flaw, version, bytes, expected) in [
        (Flaw::None, VERSION, BYTES, "good"),
        (Flaw::ForgedSignature, VERSION, BYTES, "publication-signature"),
        (Flaw::NotLogged, VERSION, BYTES, "publication-log"),
        (Flaw::ForgedProof, VERSION, BYTES, "publication-log"),
        (Flaw::UnknownKey, VERSION, BYTES, "publication-key"),
        (Flaw::None, "1.2.4", BYTES, "publication-subject"),
        (Flaw::None, VERSION, b"other bytes", "publication-subject"),
    ] {
        let attestation = authority.publication(bytes, version, flaw);
        let code = judged(&authority, &attestation, BYTES, &authority.registry_keys());
        assert_eq!(code, expected, "{flaw:?} {version}");
    }
}

#[test]
fn the_key_has_to_be_one_that_the_registry_signs_with() {
    let authority = Authority::default();
    let good = authority.publication(BYTES, VERSION, Flaw::None);
    let with = |change: fn(&mut Value)| {
        let mut keys = authority.registry_keys();
        change(&mut keys["keys"][0]);
        judged(&authority, &good, BYTES, &keys)
    };
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 7] = [
        (|_| {}, "good"),
        (|key| key["expires"] = json!("2026-01-03T00:00:00Z"), "good"),
        (
            |key| key["expires"] = json!("2026-01-02T00:00:00Z"),
            "publication-key",
        ),
        (|key| key["expires"] = json!("soon"), "publication-key"),
        (|key| key["keytype"] = json!("rsa"), "publication-key"),
        (|key| key["keyid"] = json!("SHA256:two"), "publication-key"),
        (
            |key| key["key"] = Authority::default().registry_keys()["keys"][0]["key"].clone(),
            "publication-signature",
        ),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(with(change), expected, "case {number}");
    }
}

/// A job cannot attest a publication, nor can the registry attest a build.
#[test]
fn an_attestation_of_another_kind_is_none() {
    let authority = Authority::default();
    let keys = authority.registry_keys();
    let claims = ktx_fixtures::authority::Claims::of(VERSION, super::COMMIT);
    let mut build = authority.attestation(BYTES, &claims, Flaw::None);
    assert_eq!(judged(&authority, &build, BYTES, &keys), "publication-missing");
    let publication = authority.publication(BYTES, VERSION, Flaw::None);
    build["predicateType"] = publication["predicateType"].clone();
    assert_eq!(judged(&authority, &build, BYTES, &keys), "publication-unreadable");
    let mut publication = publication;
    publication["predicateType"] = json!("https://slsa.dev/provenance/v1");
    let answer = json!({"attestations": [publication]}).to_string();
    assert_eq!(
        super::code(super::judged(&authority, &answer, BYTES)),
        "provenance-unreadable"
    );
}
