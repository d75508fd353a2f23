//! Each link of the chain before npm runs, and that nothing is written when one of them breaks.

use std::time::{Duration, Instant};

use fs_err as fs;
use ktx_fixtures::registry_proxy::Proxy;
use ktx_policy::readiness::{Gate, Head};
use ktx_publish::{ErrorClass, PublishError};
use serde_json::{Value, json};

use super::support::{LocalRegistry, Quiet, Release};

/// A ready release before a registry that must never be written to.
pub struct Bench {
    canary: Proxy,
    pub release: Release,
}

impl Bench {
    pub fn new(registry: &LocalRegistry) -> Self {
        let canary = Proxy::canary();
        let release = Release::new("0.1.0", registry, canary.url());
        Self { canary, release }
    }

    /// The gates that are shut, by name and what is missing, and the class of the error.
    #[track_caller]
    pub fn check(&self, class: ErrorClass, gates: &[&str]) {
        let error = self.release.publish().unwrap_err();
        assert_eq!(error.class(), class, "{error}");
        let PublishError::NotReady(report) = error else {
            panic!("{error}")
        };
        let shut = report.gates.iter().filter(|gate: &&Gate| !gate.is_open());
        let shut: Vec<String> = shut
            .map(|gate| format!("{}: {}", gate.name.name(), gate.missing().join("; ")))
            .collect();
        assert_eq!(shut, gates);
        assert_eq!(self.canary.uploads(), 0);
        assert!(!self.release.path("reports/publish-receipt.json").exists());
    }
}

#[test]
fn what_was_not_proven_is_not_published() {
    let registry = LocalRegistry::start();

    let changed = Bench::new(&registry);
    let mut tarball = fs::read(changed.release.tarball()).unwrap();
    let last = tarball.len() - 1;
    tarball[last] ^= 1;
    fs::write(changed.release.tarball(), tarball).unwrap();
    let error = changed.release.publish().unwrap_err();
    assert_eq!(
        error.class(),
        ErrorClass::Integrity,
        "a byte changed after the build"
    );

    // Other bytes, but with a manifest that fits them: only the smoke report knows better.
    let rebuilt = Bench::new(&registry);
    rebuilt
        .release
        .build(&json!({"name": "@kaelio/ktx", "version": "0.1.0", "description": "changed after smoke"}));
    rebuilt.check(
        ErrorClass::Integrity,
        &["smoke: linux-x64: the smoke report is about another tarball"],
    );

    let unproven = Bench::new(&registry);
    fs::remove_file(unproven.release.path("reports/smoke-linux-x64.json")).unwrap();
    unproven.check(
        ErrorClass::Refused,
        &["smoke: linux-x64: there is no smoke report"],
    );

    let other_policy = Bench::new(&registry);
    other_policy.release.write_policy(&json!({"python": {"publish": false, "repository": null, "packages": ["kaelio-ktx"]}, "platforms": ["linux-x64"], "$schema": "./other.json"}));
    other_policy.check(
        ErrorClass::Refused,
        &["smoke: linux-x64: the smoke report was made under another release policy"],
    );

    let platforms = Bench::new(&registry);
    platforms
        .release
        .write_policy(&json!({"platforms": ["linux-x64", "win32-x64"]}));
    platforms.release.prove();
    platforms.check(
        ErrorClass::Refused,
        &[
            "platforms: the package has no program for win32-x64",
            "smoke: win32-x64: there is no smoke report",
        ],
    );

    let dirty = Bench::new(&registry);
    dirty.release.write_manifest(None);
    dirty.check(
        ErrorClass::Refused,
        &["source-revision: the artifacts were built from a tree with uncommitted changes"],
    );

    let mut elsewhere = Bench::new(&registry);
    elsewhere.release.options.sources.head = Head::At("decaf".into());
    elsewhere.check(
        ErrorClass::Refused,
        &["source-revision: the artifacts were built from 0123456789abcdef0123456789abcdef01234567, but the release is of decaf"],
    );
}

#[test]
fn a_smoke_report_must_be_green_whole_and_of_this_platform() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    let good = bench
        .release
        .smoke_report(json!({"kind": "artifacts"}), &["npm-local", "runtime-lifecycle"]);
    let with = |pointer: &str, value: Value| {
        let mut report = good.clone();
        *report.pointer_mut(pointer).unwrap() = value;
        report
    };
    let skipped = json!({"name": "demo", "outcome": {"status": "skipped", "reason": "no network"}, "seconds": 0.0, "steps": []});
    let failed = json!({"name": "demo", "outcome": {"status": "failed", "code": "x", "message": "y"}, "seconds": 0.0, "steps": []});
    let mut scenarios = good["scenarios"].as_array().unwrap().clone();
    for (report, said) in [
        (
            with("/platform", json!("darwin-x64")),
            "the smoke report cannot be used: it is of darwin-x64",
        ),
        (
            with("/scenarios", json!([])),
            "the smoke report is not green: nothing ran",
        ),
        (
            with("/scenarios/0/name", json!("demo")),
            "the smoke report is not green: npm-local did not run",
        ),
        (
            with("/scenarios", json!([scenarios[0], scenarios[1], skipped])),
            "the smoke report is not green: demo skipped",
        ),
        (
            with("/scenarios", json!([scenarios.remove(0), failed])),
            "the smoke report is not green: demo failed",
        ),
        (
            with(
                "/source",
                json!({"kind": "registry", "url": "https://registry.example", "package": "@kaelio/ktx@0.1.0"}),
            ),
            "the smoke report is of a package from a registry",
        ),
    ] {
        bench.release.write_report("smoke-linux-x64.json", &report);
        bench.check(ErrorClass::Refused, &[&format!("smoke: linux-x64: {said}")]);
    }
}

#[test]
fn another_system_may_skip_what_it_cannot_run_but_not_what_is_indispensable() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    bench
        .release
        .write_policy(&json!({"platforms": ["linux-x64", "darwin-arm64"]}));
    bench.release.prove();
    let mut report = bench
        .release
        .smoke_report(json!({"kind": "artifacts"}), &["npm-local", "runtime-lifecycle"]);
    report["platform"] = json!("darwin-arm64");
    let skip = |name: &str| json!({"name": name, "outcome": {"status": "skipped", "reason": "no Debian"}, "seconds": 0.0, "steps": []});
    let no_program = "platforms: the package has no program for darwin-arm64";
    report["scenarios"].as_array_mut().unwrap().push(skip("postgres"));
    bench.release.write_report("smoke-darwin-arm64.json", &report);
    bench.check(ErrorClass::Refused, &[no_program]);
    report["scenarios"][0] = skip("npm-local");
    bench.release.write_report("smoke-darwin-arm64.json", &report);
    bench.check(
        ErrorClass::Refused,
        &[
            no_program,
            "smoke: darwin-arm64: the smoke report is not green: npm-local did not run",
        ],
    );
}

#[test]
fn the_policy_and_the_flags_must_agree_on_the_registry() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    let npm = json!({"publish": true, "registry": "https://registry.example", "access": "public", "tag": "next", "packages": ["@kaelio/ktx"]});
    bench.release.write_policy(&json!({"npm": npm}));
    bench.release.prove();
    let error = bench.release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Usage, "{error}");
    assert_eq!(bench.canary.requests(), Vec::<String>::new());
}

#[test]
fn a_policy_that_cannot_be_read_stops_everything() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    fs::write(
        bench.release.path("release-policy.json"),
        "{\"schemaVersion\": 1}",
    )
    .unwrap();
    let error = bench.release.publish().unwrap_err();
    let PublishError::Policy(findings) = &error else {
        panic!("{error}")
    };
    assert!(findings.len() > 5, "all findings at once");
    assert_eq!(error.class(), ErrorClass::Refused);
    fs::remove_file(bench.release.path("release-policy.json")).unwrap();
    assert_eq!(
        bench.release.publish().unwrap_err().class(),
        ErrorClass::Prerequisite
    );
}

#[test]
fn a_package_of_another_name_is_not_published() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    for package in [
        json!({"name": "@kaelio/other", "version": "0.1.0"}),
        json!({"name": "@kaelio/ktx", "version": "0.2.0"}),
        json!({"name": "@kaelio/ktx", "version": "0.1.0", "private": true}),
    ] {
        bench.release.build(&package);
        bench.release.prove();
        assert_eq!(
            bench.release.publish().unwrap_err().class(),
            ErrorClass::Integrity,
            "{package}"
        );
    }
    assert_eq!(bench.canary.uploads(), 0);
}

#[test]
fn everything_that_stands_in_the_way_is_said_at_once_and_the_gravest_has_the_exit_code() {
    let registry = LocalRegistry::start();
    let mut bench = Bench::new(&registry);
    bench.release.options.tag = "v1.x".into();
    fs::remove_file(bench.release.path("reports/smoke-linux-x64.json")).unwrap();
    let said = |release: &Release| {
        let error = release.plan().unwrap_err();
        (error.class(), error.to_string())
    };
    let two = "the dist-tag guard refuses; the release is not ready";
    assert_eq!(said(&bench.release), (ErrorClass::Refused, two.into()));

    bench.release.options.registry = Some("http://127.0.0.1:9/".parse().unwrap());
    assert_eq!(said(&bench.release), (ErrorClass::Registry, two.into()));
    let preview = bench.release.prepare().preview;
    assert_eq!(preview.tags_before, None);
    let verdicts = preview.verdicts();
    assert!(
        verdicts
            .contains(&"not checked: no tag moves backwards (the registry's facts are not known)".to_owned()),
        "{verdicts:?}"
    );

    let package = json!({"name": "@kaelio/other", "version": "0.1.0", "publishConfig": {"tag": "latest"}});
    bench.release.build(&package);
    let (class, blocks) = said(&bench.release);
    assert_eq!(class, ErrorClass::Integrity);
    assert!(
        blocks.contains("the tarball holds @kaelio/other@0.1.0"),
        "{blocks}"
    );
    assert!(blocks.contains("publishConfig.tag"), "{blocks}");
}

#[test]
fn without_artifacts_the_tags_are_still_foreseen() {
    let registry = LocalRegistry::start();
    let bench = Bench::new(&registry);
    fs::remove_dir_all(bench.release.path("artifacts")).unwrap();
    let preview = bench.release.prepare().preview;
    assert_eq!(preview.integrity, None);
    assert_eq!(preview.tags_after.unwrap()["next"], "0.1.0");
    let error = bench.release.plan().unwrap_err();
    assert!(matches!(error, PublishError::NotReady(_)), "{error}");
    assert_eq!(error.class(), ErrorClass::Prerequisite, "nothing was built");
}

#[test]
fn what_is_published_are_the_bytes_that_were_judged() {
    let registry = LocalRegistry::start();
    let release = Release::new("0.1.0", &registry, registry.url());
    let judged = release.prepare().preview.integrity.unwrap();
    let plan = release.plan().unwrap();
    fs::write(release.tarball(), "swapped between the plan and its execution").unwrap();
    let report = plan.execute(&Quiet::default()).unwrap();
    assert_eq!(report.integrity, judged.to_string());
    let address = format!("{}@kaelio%2fktx", registry.url());
    let packument: Value = ureq::get(&address)
        .call()
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    let served = &packument["versions"]["0.1.0"]["dist"]["integrity"];
    assert_eq!(*served, judged.to_string());
}

#[test]
fn a_plan_writes_nothing_and_waits_for_nothing() {
    let registry = LocalRegistry::start();
    let proxy = Proxy::before(registry.port(), &[]);
    let release = Release::new("0.1.0", &registry, proxy.url());
    let before = listing(&release);
    let start = Instant::now();
    let plan = release.plan().unwrap();
    // A second on a machine with nothing else to do; a wait for a registry takes 20 at least.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(plan.decision().tags_after["next"], "0.1.0");
    // That there is no package is believed the second time.
    assert_eq!(proxy.requests(), ["GET /@kaelio%2fktx"; 2]);
    assert_eq!(listing(&release), before);
    drop(plan);
    assert_eq!(proxy.uploads(), 0);
}

fn listing(release: &Release) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["", "artifacts", "reports", "home"] {
        for entry in fs::read_dir(release.path(folder)).unwrap() {
            names.push(entry.unwrap().path().display().to_string());
        }
    }
    names.sort();
    names
}
