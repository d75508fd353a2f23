//! A smoke report is compared with the artifacts, the policy and the clock, not only parsed.

use fs_err as fs;
use ktx_publish::{ErrorClass, PublishError};
use serde_json::{Value, json};

use super::chain::Bench;
use super::support::LocalRegistry;

#[test]
fn a_forged_smoke_report_proves_nothing() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    let good = bench
        .release
        .smoke_report(json!({"kind": "artifacts"}), &["npm-local", "runtime-lifecycle"]);
    let zeros = json!("0".repeat(64));
    let other_step = json!([{"name": "x", "outcome": {"status": "passed"}, "seconds": 0.0, "steps": []}]);
    let registry_source =
        json!({"kind": "registry", "url": "https://registry.example", "package": "@kaelio/ktx@0.1.0"});
    let forgeries: Vec<(&str, Value)> = vec![
        ("/platform", json!("linux-arm64")),
        ("/platform", json!("linux-x86")),
        ("/schemaVersion", json!(2)),
        ("/source", registry_source),
        ("/source", json!({"kind": "artifacts", "more": 1})),
        ("/tarball/sha256", zeros.clone()),
        ("/tarball/bytes", json!(1)),
        ("/tarball/file", json!("evil.tgz")),
        ("/tarball/file", json!("../kaelio-ktx-0.1.0.tgz")),
        ("/wheel/sha256", zeros.clone()),
        ("/wheel/bytes", json!(1)),
        ("/wheel/file", json!("evil.whl")),
        ("/policySha256", zeros),
        ("/startedAt", json!("2020-12-31T00:00:00Z")),
        ("/startedAt", json!("2099-01-01T00:00:00Z")),
        ("/finishedAt", json!("2099-01-01T00:00:00Z")),
        ("/finishedAt", json!("yesterday")),
        ("/scenarios", json!([good["scenarios"][0]])),
        ("/scenarios", json!([good["scenarios"][0], good["scenarios"][0]])),
        ("/scenarios", other_step),
        (
            "/scenarios/0/outcome",
            json!({"status": "failed", "code": "x", "message": "y"}),
        ),
        ("/scenarios/1/steps", json!([])),
    ];
    for (pointer, value) in &forgeries {
        let mut report = good.clone();
        *report.pointer_mut(pointer).unwrap() = value.clone();
        bench.release.write_report("smoke-linux-x64.json", &report);
        let error = bench.release.plan().unwrap_err();
        let PublishError::NotReady(report) = error else {
            panic!("{pointer} {value}: {error}")
        };
        let closed = report.gates.iter().filter(|gate| !gate.is_open());
        let closed: Vec<&str> = closed.map(|gate| gate.name.name()).collect();
        assert_eq!(closed, ["smoke"], "{pointer} {value}");
    }
    // The policy may ask for more than what this report has.
    let mut whole = Bench::new(&registry);
    whole.release.write_policy(&json!({"requiredScenarios": null}));
    let mut policy: Value =
        serde_json::from_slice(&fs::read(whole.release.path("release-policy.json")).unwrap()).unwrap();
    policy.as_object_mut().unwrap().remove("requiredScenarios");
    fs::write(whole.release.path("release-policy.json"), policy.to_string()).unwrap();
    whole.release.prove();
    let platform = ktx_names::Platform::LinuxX64;
    let scenarios = ["npm-local", "runtime-lifecycle", "demo"]
        .map(str::to_owned)
        .to_vec();
    whole
        .release
        .options
        .sources
        .scenarios
        .insert(platform, scenarios);
    whole.check(
        ErrorClass::Refused,
        &["smoke: linux-x64: the smoke report is not green: demo did not run"],
    );
    assert!(
        Bench::new(&registry).release.plan().is_ok(),
        "the twin is believed"
    );
}
