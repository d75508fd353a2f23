//! Attestations by an authority of the tests: good ones, and each way to be wrong.

mod publication;
mod root;

use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_provenance::{Expected, PINNED_ROOT, Provenance, REPOSITORY, Refusal, TrustRoot, WORKFLOW, verify};

const BYTES: &[u8] = b"the tarball";
const COMMIT: &str = "c0ffee0000000000000000000000000000000000";

fn expected() -> Expected<'static> {
    Expected::of_package("@kaelio/ktx", "1.2.3", COMMIT)
}

fn judged(root: &Authority, answer: &str, bytes: &[u8]) -> Result<Provenance, Refusal> {
    let root = TrustRoot::read(&root.trusted_root()).expect("a trusted root");
    verify(&root, answer, bytes, &expected())
}

fn code(judged: Result<Provenance, Refusal>) -> String {
    code_of(judged.map(drop))
}

fn code_of(judged: Result<(), Refusal>) -> String {
    judged.map_or_else(|refusal| refusal.code.to_owned(), |()| "good".to_owned())
}

#[test]
fn a_good_attestation_says_where_the_package_comes_from() {
    let authority = Authority::default();
    let claims = Claims::of("1.2.3", COMMIT);
    let answer = authority.answer(BYTES, &claims, Flaw::None);
    let provenance = judged(&authority, &answer, BYTES).expect("it is good");
    assert_eq!(provenance.commit, COMMIT);
    assert_eq!(provenance.reference, "refs/heads/main");
    assert_eq!(
        provenance.signed_at.map(|time| time.to_string()).as_deref(),
        Some("2026-01-02T03:04:05Z")
    );
    // A saved bundle says the same without a registry.
    let bundle = authority.bundle(BYTES, &claims, Flaw::None).to_string();
    let saved = judged(&authority, &bundle, BYTES).expect("it is good");
    assert_eq!(saved.run, provenance.run);
}

#[test]
fn each_claim_is_compared() {
    let authority = Authority::default();
    let with = |change: fn(&mut Claims)| {
        let mut claims = Claims::of("1.2.3", COMMIT);
        change(&mut claims);
        code(judged(
            &authority,
            &authority.answer(BYTES, &claims, Flaw::None),
            BYTES,
        ))
    };
    type Change = fn(&mut Claims);
    let cases: [(Change, &str); 18] = [
        (|_| {}, "good"),
        (
            |claims| claims.reference = "refs/heads/release-1.2".into(),
            "good",
        ),
        (
            |claims| claims.reference = "refs/heads/mainly".into(),
            "provenance-ref",
        ),
        (
            |claims| claims.reference = "refs/heads/my/main".into(),
            "provenance-ref",
        ),
        (
            |claims| claims.reference = "refs/heads/release".into(),
            "provenance-ref",
        ),
        (
            |claims| claims.reference = "refs/tags/main".into(),
            "provenance-ref",
        ),
        (
            |claims| claims.reference = "refs/pull/7/merge".into(),
            "provenance-ref",
        ),
        (
            |claims| claims.repository = "https://github.com/eve/ktx".into(),
            "provenance-repository",
        ),
        (
            |claims| claims.repository = "https://github.com/kaelio/ktx-fork".into(),
            "provenance-repository",
        ),
        (
            |claims| claims.repository = "https://github.com/Kaelio/ktx".into(),
            "provenance-repository",
        ),
        (
            |claims| claims.workflow = ".github/workflows/ci.yml".into(),
            "provenance-workflow",
        ),
        (
            |claims| claims.workflow = "x/.github/workflows/release.yml".into(),
            "provenance-workflow",
        ),
        (|claims| claims.commit = "decaf".repeat(8), "provenance-commit"),
        (
            |claims| claims.runner = "self-hosted".into(),
            "provenance-builder",
        ),
        (
            |claims| claims.issuer = "https://accounts.example".into(),
            "provenance-issuer",
        ),
        (
            |claims| claims.subject = "pkg:npm/%40kaelio/ktx@1.2.4".into(),
            "provenance-subject",
        ),
        (
            |claims| claims.subject = "pkg:npm/%40eve/ktx@1.2.3".into(),
            "provenance-subject",
        ),
        (|claims| claims.subject = String::new(), "provenance-subject"),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(with(change), expected, "case {number}");
    }
}

#[test]
fn each_step_of_the_proof_is_verified() {
    let authority = Authority::default();
    let claims = Claims::of("1.2.3", COMMIT);
    for (flaw, expected) in [
        (Flaw::None, "good"),
        (Flaw::ForgedSignature, "provenance-signature"),
        (Flaw::Expired, "provenance-expired"),
        (Flaw::NotLogged, "provenance-log"),
        (Flaw::ForgedProof, "provenance-log"),
        (Flaw::NoCertificateLog, "provenance-certificate"),
    ] {
        let answer = authority.answer(BYTES, &claims, flaw);
        let judged = judged(&authority, &answer, BYTES);
        assert_eq!(code(judged.clone()), expected, "{flaw:?}: {judged:?}");
    }
    let answer = authority.answer(BYTES, &claims, Flaw::None);
    assert_eq!(
        code(judged(&authority, &answer, b"other bytes")),
        "provenance-subject"
    );
    // Somebody else's authority signs the same claims.
    let other = Authority::default();
    assert!(judged(&other, &answer, BYTES).is_err());
    let public = TrustRoot::read(PINNED_ROOT).expect("a trusted root");
    assert!(verify(&public, &answer, BYTES, &expected()).is_err());
}

/// Whatever is changed in a good bundle, it is good no longer.
#[test]
fn no_text_of_a_bundle_can_be_exchanged() {
    let authority = Authority::default();
    let mine = authority.bundle(BYTES, &Claims::of("1.2.3", COMMIT), Flaw::None);
    let eves = authority.bundle(b"eve's bytes", &Claims::of("1.2.4", COMMIT), Flaw::None);
    judged(&authority, &mine.to_string(), BYTES).expect("it is good");
    for pointer in [
        "/dsseEnvelope/payload",
        "/dsseEnvelope/payloadType",
        "/dsseEnvelope/signatures/0/sig",
        "/verificationMaterial/certificate/rawBytes",
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
        "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash",
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
        "/verificationMaterial/tlogEntries/0/integratedTime",
        "/verificationMaterial/tlogEntries/0/logId/keyId",
        "/verificationMaterial/tlogEntries/0",
        "/verificationMaterial",
    ] {
        let mut exchanged = mine.clone();
        let place = exchanged.pointer_mut(pointer).expect(pointer);
        *place = match pointer {
            "/dsseEnvelope/payloadType" => "application/json".into(),
            "/verificationMaterial/tlogEntries/0/integratedTime" => "1767323046".into(),
            "/verificationMaterial/tlogEntries/0/logId/keyId" => "AAAA".into(),
            _ => eves.pointer(pointer).expect(pointer).clone(),
        };
        let refused = judged(&authority, &exchanged.to_string(), BYTES);
        assert!(refused.is_err(), "{pointer}: {refused:?}");
    }
}

#[test]
fn what_is_not_an_attestation_about_a_build_is_refused() {
    let authority = Authority::default();
    let bundle = authority.bundle(BYTES, &Claims::of("1.2.3", COMMIT), Flaw::None);
    let publish = serde_json::json!({"attestations": [{
        "predicateType": "https://github.com/npm/attestation/tree/main/specs/publish/v0.1",
        "bundle": bundle,
    }]});
    for (text, expected) in [
        ("", "provenance-unreadable"),
        ("[]", "provenance-unreadable"),
        ("{}", "provenance-unreadable"),
        (r#"{"attestations": 1}"#, "provenance-unreadable"),
        (r#"{"attestations": []}"#, "provenance-missing"),
        (&publish.to_string(), "provenance-missing"),
    ] {
        assert_eq!(code(judged(&authority, text, BYTES)), expected, "{text}");
    }
}

#[test]
fn the_package_names_the_repository_and_the_repository_has_the_workflow() {
    let package = include_str!("../../../release/src/package/package_json.rs");
    assert!(package.contains(&format!("\"git+{REPOSITORY}.git\"")));
    assert_eq!(WORKFLOW, ".github/workflows/release.yml");
    assert!(include_str!("../../../.github/workflows/release.yml").contains("id-token: write"));
}
