//! What is said about a `release-policy.json` that is not as it should be.

use ktx_policy::{ReleasePolicy, release_policy};
use serde_json::{Value, json};

/// The checked-in policy, which is the twin that passes.
pub const CHECKED_IN: &str = include_str!("../../../release-policy.json");

#[test]
fn the_checked_in_policy_reads() {
    let policy = release_policy::read(CHECKED_IN).unwrap();
    let reparsed: ReleasePolicy = serde_json::from_str(CHECKED_IN).unwrap();
    assert_eq!(policy, reparsed, "the reader and the types agree");
    assert_eq!(policy.published_package_smoke.version, env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_checked_in_schema_is_generated_from_the_types() {
    let checked_in = include_str!("../../../release-policy.schema.json");
    assert_eq!(
        checked_in,
        release_policy::json_schema(),
        "write it anew with `cargo run -p ktx-policy --example release-policy-schema > release-policy.schema.json`"
    );
}

#[test]
fn the_schema_takes_the_checked_in_policy_and_refuses_a_strange_key() {
    let schema: Value = serde_json::from_str(&release_policy::json_schema()).unwrap();
    let mut policy: Value = serde_json::from_str(CHECKED_IN).unwrap();
    assert!(jsonschema::is_valid(&schema, &policy));
    policy["npm"]["strange"] = json!(1);
    assert!(!jsonschema::is_valid(&schema, &policy));
}

/// Sets the value at `pointer` (or removes it) in the checked-in policy, reads it, and compares the messages.
#[track_caller]
pub fn check(pointer: &str, value: impl Into<Option<Value>>, expected: &[&str]) {
    let mut policy: Value = serde_json::from_str(CHECKED_IN).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value.into() {
        Some(value) => drop(parent.insert(key.to_owned(), value)),
        None => drop(parent.remove(key)),
    }
    assert_eq!(messages(&policy.to_string()), expected, "{pointer}");
}

fn messages(text: &str) -> Vec<String> {
    match release_policy::read(text) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.into_iter().map(|finding| finding.message).collect(),
    }
}

#[test]
fn provenance_is_required_or_optional_and_optional_when_it_is_not_said() {
    for good in [Some(json!("required")), Some(json!("optional")), None] {
        check("/npm/provenance", good, &[]);
    }
    check(
        "/npm/provenance",
        json!("maybe"),
        &["Release policy npm.provenance must be optional or required"],
    );
}

#[test]
fn publishing_is_direct_or_staged_and_direct_when_it_is_not_said() {
    for good in [Some(json!("direct")), Some(json!("staged")), None] {
        check("/npm/publishing", good, &[]);
    }
    let message = "Release policy npm.publishing must be direct or staged";
    for bad in [json!("Staged"), json!("stage"), json!("")] {
        check("/npm/publishing", bad, &[message]);
    }
    let message = "Release policy npm.publishing must be a string";
    for bad in [json!(true), json!(null), json!(["staged"])] {
        check("/npm/publishing", bad, &[message]);
    }
}

#[test]
fn every_key_has_its_type() {
    for (pointer, message) in [
        ("/releaseMode", "Release policy releaseMode must be a string"),
        ("/npm", "Release policy npm must be a JSON object"),
        ("/python", "Release policy python must be a JSON object"),
        (
            "/publishedPackageSmoke",
            "Release policy publishedPackageSmoke must be a JSON object",
        ),
        ("/npm/publish", "Release policy npm.publish must be a boolean"),
        (
            "/npm/registry",
            "Release policy npm.registry must be a string or null",
        ),
        ("/npm/access", "Release policy npm.access must be public"),
        ("/npm/tag", "Release policy npm.tag must be a string"),
        (
            "/npm/packages",
            "Release policy npm.packages must be an array of strings",
        ),
        (
            "/python/publish",
            "Release policy python.publish must be a boolean",
        ),
        (
            "/python/repository",
            "Release policy python.repository must be a string or null",
        ),
        (
            "/python/packages",
            "Release policy python.packages must be an array of strings",
        ),
        (
            "/publishedPackageSmoke/packageName",
            "Release policy publishedPackageSmoke.packageName must be a string or null",
        ),
        (
            "/publishedPackageSmoke/version",
            "Release policy publishedPackageSmoke.version must be a string",
        ),
        (
            "/publishedPackageSmoke/registry",
            "Release policy publishedPackageSmoke.registry must be a string or null",
        ),
        (
            "/requiredBeforePublishing",
            "Release policy requiredBeforePublishing must be an array of strings",
        ),
        (
            "/runtimeInstaller",
            "Release policy runtimeInstaller must be a JSON object",
        ),
        (
            "/runtimeInstaller/uvStrategy",
            "Release policy runtimeInstaller.uvStrategy must be a string",
        ),
        (
            "/runtimeInstaller/bootstrapUv",
            "Release policy runtimeInstaller.bootstrapUv must be a boolean",
        ),
        (
            "/runtimeInstaller/missingUvBehavior",
            "Release policy runtimeInstaller.missingUvBehavior must be a string",
        ),
        (
            "/platforms",
            "Release policy platforms must be an array of strings",
        ),
    ] {
        check(pointer, json!(7), &[message]);
        check(pointer, None, &[message]);
    }
    check(
        "/npm/packages",
        json!(["@kaelio/ktx", 1]),
        &["Release policy npm.packages must be an array of strings"],
    );
    check(
        "/schemaVersion",
        None,
        &["Unsupported release policy schemaVersion: undefined"],
    );
}

#[test]
fn every_value_is_one_of_the_format() {
    let decided = "must list the remaining publishing decisions";
    for (pointer, value, message) in [
        (
            "/schemaVersion",
            json!(2),
            "Unsupported release policy schemaVersion: 2",
        ),
        (
            "/schemaVersion",
            json!("1"),
            "Unsupported release policy schemaVersion: 1",
        ),
        (
            "/schemaVersion",
            json!(1.0),
            "Unsupported release policy schemaVersion: 1.0",
        ),
        (
            "/releaseMode",
            json!("live"),
            "Unsupported release policy releaseMode: live",
        ),
        (
            "/releaseMode",
            json!(""),
            "Unsupported release policy releaseMode: ",
        ),
        (
            "/npm/access",
            json!("restricted"),
            "Release policy npm.access must be public",
        ),
        ("/npm/tag", json!("-x"), "Invalid Release policy npm.tag: -x"),
        ("/npm/tag", json!(""), "Invalid Release policy npm.tag: "),
        ("/npm/tag", json!("a b"), "Invalid Release policy npm.tag: a b"),
        (
            "/npm/registry",
            json!("registry.example"),
            "Release policy npm.registry must be an http(s) URL",
        ),
        (
            "/npm/registry",
            json!("https://u:p@registry.example"),
            "Release policy npm.registry must be an http(s) URL",
        ),
        (
            "/publishedPackageSmoke/packageName",
            json!("@Kaelio/ktx"),
            "Invalid release-policy.json publishedPackageSmoke.packageName: @Kaelio/ktx",
        ),
        (
            "/publishedPackageSmoke/version",
            json!("^1"),
            "Invalid release-policy.json publishedPackageSmoke.version: ^1",
        ),
        (
            "/publishedPackageSmoke/registry",
            json!("ftp://registry.example"),
            "release-policy.json publishedPackageSmoke.registry must be an http(s) URL",
        ),
        (
            "/requiredBeforePublishing",
            json!(["legal"]),
            "npm-public-release-ready release mode requires requiredBeforePublishing to be empty",
        ),
        (
            "/releaseMode",
            json!("ci-artifact-only"),
            &format!("Release policy requiredBeforePublishing {decided}"),
        ),
        (
            "/runtimeInstaller/uvStrategy",
            json!("managed-download"),
            "Release policy runtimeInstaller.uvStrategy must be path-prerequisite or pinned-on-consent",
        ),
        (
            "/runtimeInstaller/bootstrapUv",
            json!(true),
            "Release policy runtimeInstaller.bootstrapUv must be false",
        ),
        (
            "/runtimeInstaller/missingUvBehavior",
            json!("silent"),
            "Release policy runtimeInstaller.missingUvBehavior must be focused-error",
        ),
        (
            "/platforms",
            json!([]),
            "Release policy platforms must list the platforms that a release needs",
        ),
        (
            "/platforms",
            json!(["linux-x64", "sunos-x64"]),
            "Unsupported release policy platform: sunos-x64",
        ),
        (
            "/platforms",
            json!(["linux-x64", "linux-x64"]),
            "Release policy platforms lists linux-x64 twice",
        ),
        (
            "/npm/attested",
            json!(true),
            "Release policy npm.attested is not a known key",
        ),
        (
            "/publicNpmPackageVersion",
            json!("1"),
            "Release policy publicNpmPackageVersion is not a known key",
        ),
    ] {
        check(pointer, value, &[message]);
    }
    for (pointer, value) in [
        ("/npm/tag", json!("latest")),
        ("/npm/registry", json!("http://127.0.0.1:4873")),
        ("/publishedPackageSmoke/packageName", json!(null)),
        ("/publishedPackageSmoke/packageName", json!("  ")),
        ("/publishedPackageSmoke/version", json!("1.0.0+build")),
        (
            "/publishedPackageSmoke/registry",
            json!("https://registry.example"),
        ),
        ("/platforms", json!(["win32-x64"])),
        ("/releaseMode", json!("published-package-smoke-required")),
    ] {
        check(pointer, value, &[]);
    }
}

#[test]
fn all_findings_come_at_once_with_line_and_path() {
    let text = "{\n  \"schemaVersion\": 3,\n  \"npm\": {\n    \"publish\": 1,\n    \"publish\": true,\n    \"tag\": \"-\"\n  },\n  \"extra\": []\n}";
    let findings = release_policy::read(text).unwrap_err();
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().unwrap();
            format!(
                "{}:{} {} [{}]",
                place.line, place.path, finding.message, finding.code
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    8:$.extra Release policy extra is not a known key [policy-unknown-key]
    2:$.schemaVersion Unsupported release policy schemaVersion: 3 [policy-schema-version]
    1:$.releaseMode Release policy releaseMode must be a string [policy-type]
    5:$.npm.publish Release policy npm.publish is given twice [policy-duplicate-key]
    3:$.npm.registry Release policy npm.registry must be a string or null [policy-type]
    3:$.npm.access Release policy npm.access must be public [policy-access]
    6:$.npm.tag Invalid Release policy npm.tag: - [policy-tag]
    3:$.npm.packages Release policy npm.packages must be an array of strings [policy-type]
    1:$.python Release policy python must be a JSON object [policy-type]
    1:$.publishedPackageSmoke Release policy publishedPackageSmoke must be a JSON object [policy-type]
    1:$.requiredBeforePublishing Release policy requiredBeforePublishing must be an array of strings [policy-type]
    1:$.runtimeInstaller Release policy runtimeInstaller must be a JSON object [policy-type]
    1:$.platforms Release policy platforms must be an array of strings [policy-type]
    ");
}

#[test]
fn refuses_what_is_no_json_object() {
    for text in ["[]", "null", "\"a\"", "1"] {
        assert_eq!(messages(text), ["Release policy must be a JSON object"]);
    }
    let deep = "[".repeat(20_000);
    for text in [
        "",
        "{",
        "{\"a\": 1,}",
        "{} {}",
        "{/* a */}",
        "{'a': 1}",
        "{a: 1}",
        "\u{feff}{}",
        "{\"a\": 01}",
        &deep,
    ] {
        let findings = release_policy::read(text).unwrap_err();
        assert_eq!(findings[0].code, "policy-not-json", "{text}");
        assert_eq!(findings.len(), 1);
    }
}

#[test]
fn a_value_can_be_found_and_replaced_in_the_text() {
    let range = release_policy::text_range(CHECKED_IN, &["publishedPackageSmoke", "version"]).unwrap();
    assert_eq!(CHECKED_IN[range], format!("\"{}\"", env!("CARGO_PKG_VERSION")));
    assert_eq!(release_policy::text_range(CHECKED_IN, &["npm", "nothing"]), None);
    assert_eq!(release_policy::text_range("{", &["npm"]), None);
}
