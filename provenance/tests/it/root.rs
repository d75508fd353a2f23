//! The trusted root, and what replacing it would change.

use ktx_fixtures::authority::Authority;
use ktx_provenance::{LOCKED_ROOT, PINNED_ROOT, RootChangeKind, root_changes};
use serde_json::{Value, json};

/// A newer one may be pinned than the locked library has. One of the library that is not pinned was forgotten.
#[test]
fn the_pinned_root_names_all_that_the_locked_library_names() {
    let changes = root_changes(PINNED_ROOT, LOCKED_ROOT).expect("two roots");
    let missing = changes
        .iter()
        .filter(|change| change.kind == RootChangeKind::Added);
    let missing: Vec<String> = missing.map(|change| change.line()).collect();
    assert!(missing.is_empty(), "cargo xtask trust-root --write: {missing:?}");
}

#[test]
fn what_a_replacement_changes_is_named() {
    let changed = |change: fn(&mut Value)| {
        let mut root: Value = serde_json::from_str(PINNED_ROOT).expect("JSON");
        change(&mut root);
        let changes = root_changes(PINNED_ROOT, &root.to_string()).expect("two roots");
        changes.iter().map(|change| change.line()).collect::<Vec<_>>()
    };
    assert_eq!(changed(|_| {}), [""; 0]);
    let [line] =
        &changed(|root| root["tlogs"][0]["publicKey"]["validFor"]["end"] = json!("2031-01-31T00:00:00Z"))[..]
    else {
        panic!("one change")
    };
    assert!(line.starts_with("changed: transparency log https://"), "{line}");
    assert!(
        line.ends_with("; now valid from 2021-01-12 until 2031-01-31"),
        "{line}"
    );
    let removed = changed(|root| {
        drop(
            root["certificateAuthorities"]
                .as_array_mut()
                .map(|all| all.remove(0)),
        )
    });
    assert!(
        removed[0].starts_with("removed: certificate authority https://"),
        "{removed:?}"
    );
    // Another key in the place of one is one that goes and one that comes, even under the same name.
    let authority: Value = serde_json::from_str(&Authority::default().trusted_root()).expect("JSON");
    let mut swapped: Value = serde_json::from_str(PINNED_ROOT).expect("JSON");
    swapped["ctlogs"][0] = authority["ctlogs"][0].clone();
    swapped["ctlogs"][0]["baseUrl"] = json!("https://ctfe.sigstore.dev/test");
    let changes = root_changes(PINNED_ROOT, &swapped.to_string()).expect("two roots");
    let kinds: Vec<RootChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [RootChangeKind::Removed, RootChangeKind::Added]);
}

#[test]
fn a_root_that_verifies_nothing_is_refused() {
    let with = |change: fn(&mut Value)| {
        let mut root: Value = serde_json::from_str(PINNED_ROOT).expect("JSON");
        change(&mut root);
        root_changes(PINNED_ROOT, &root.to_string()).err()
    };
    assert_eq!(with(|_| {}), None);
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 4] = [
        (|root| root["tlogs"] = json!([]), "it names no transparency log"),
        (
            |root| root["ctlogs"] = json!([]),
            "it names no log of certificates",
        ),
        (
            |root| root["certificateAuthorities"] = json!([]),
            "it names no certificate authority",
        ),
        (
            |root| root["tlogs"][0]["publicKey"]["rawBytes"] = json!("AAAA"),
            "",
        ),
    ];
    for (change, expected) in cases {
        let cause = with(change).expect("it is refused");
        assert!(cause.starts_with(expected), "{cause}");
    }
    assert!(root_changes(PINNED_ROOT, "{}").is_err());
}
