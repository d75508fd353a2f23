//! Who built a version, and whether the registry says that it published it.

use ktx_announce::published::{Trust, saved};
use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_publish::provenance::trust_root;
use serde_json::json;

use super::published::{Statements, VERSION, check, failures};

#[test]
fn a_publication_that_the_registry_did_not_sign_is_named_by_its_code() {
    let published = |version: &'static str, flaw: Flaw, expected: &[&str]| {
        check(
            |it| it.attest(&[it.publication(version, flaw), it.build(|_| {}, Flaw::None)]),
            expected,
        );
    };
    published(VERSION, Flaw::None, &[]);
    published("1.2.4", Flaw::None, &["publication-subject"]);
    published(VERSION, Flaw::ForgedSignature, &["publication-signature"]);
    published(VERSION, Flaw::UnknownKey, &["publication-key"]);
    published(VERSION, Flaw::NotLogged, &["publication-log"]);
    check(
        |it| {
            let bytes = std::mem::replace(&mut it.bytes, b"other".to_vec());
            let publication = it.publication(VERSION, Flaw::None);
            it.bytes = bytes;
            it.attest(&[publication, it.build(|_| {}, Flaw::None)]);
        },
        &["publication-subject"],
    );
}

#[test]
fn attestations_that_are_not_there() {
    check(
        |it| it.attest(&[]),
        &[
            "not checked: the registry has no attestation of the publication",
            "provenance-missing",
        ],
    );
    check(
        |it| it.attestations = json!({"attestations": [{"bundle": {}}]}),
        &["publication-unreadable", "provenance-unreadable"],
    );
    // Announced and missing is a failure, whatever the policy asks for.
    for required in [true, false] {
        check(
            |it| {
                it.required = required;
                it.dist()["attestations"]["url"] = json!("[REGISTRY]elsewhere");
            },
            &[
                "not checked: the version announces attestations that the registry does not have",
                "provenance-missing",
            ],
        );
    }
}

/// What the authority signs is about the right bytes; only who had it signed, and how, is wrong.
#[test]
fn a_build_of_somebody_else_is_named_by_its_code() {
    let signed = |change: fn(&mut Claims), flaw: Flaw, expected: &[&str]| {
        check(
            |it| it.attest(&[it.publication(VERSION, Flaw::None), it.build(change, flaw)]),
            expected,
        );
    };
    signed(|_| {}, Flaw::None, &[]);
    signed(
        |claims| claims.repository = "https://github.com/eve/ktx".to_owned(),
        Flaw::None,
        &["provenance-repository"],
    );
    signed(
        |claims| claims.workflow = ".github/workflows/ci.yml".to_owned(),
        Flaw::None,
        &["provenance-workflow"],
    );
    signed(
        |claims| claims.reference = "refs/heads/fix".to_owned(),
        Flaw::None,
        &["provenance-ref"],
    );
    signed(
        |claims| claims.commit = "decaf".repeat(8),
        Flaw::None,
        &["provenance-commit"],
    );
    signed(|_| {}, Flaw::ForgedSignature, &["provenance-signature"]);
    signed(|_| {}, Flaw::Expired, &["provenance-expired"]);
    signed(|_| {}, Flaw::NotLogged, &["provenance-log"]);
    // Another authority than the trusted one.
    check(
        |it| it.trusted_root = Authority::default().trusted_root(),
        &["publication-log", "provenance-log"],
    );
}

/// Saved files say the same without a registry, except for what takes its keys.
#[test]
fn a_saved_bundle_is_verified_offline() {
    let judged = |attestations: Option<String>| {
        let it = Statements::new();
        let trust = Trust {
            root: trust_root(Some(&it.trusted_root)).unwrap(),
            required: true,
        };
        let attestations = attestations.or_else(|| Some(it.attestations.to_string()));
        failures(&saved(VERSION.to_owned(), it.bytes, attestations, None, &trust))
    };
    let no_keys = "not checked: no keys of the registry are known";
    assert_eq!(judged(None), [no_keys]);
    let others = Statements::new().build(|_| {}, Flaw::None)["bundle"].to_string();
    assert_eq!(judged(Some(others)), [no_keys, "provenance-log"]);
    assert_eq!(judged(Some("{}".to_owned())), [no_keys, "provenance-unreadable"]);
}
