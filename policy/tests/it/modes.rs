//! What each release mode demands of the policy and the artifacts.

use ktx_names::ArtifactPackage;
use ktx_policy::mode_rules::check;
use ktx_policy::release_policy::ReleaseMode;
use ktx_policy::{ReleasePolicy, release_policy};

use super::reading::CHECKED_IN;

fn packages() -> Vec<ArtifactPackage> {
    vec![
        ArtifactPackage::npm("0.1.0-rc.0"),
        ArtifactPackage::python("0.1.0rc0"),
    ]
}

fn policy(mode: ReleaseMode) -> ReleasePolicy {
    let mut policy = release_policy::read(CHECKED_IN).unwrap();
    policy.release_mode = mode;
    policy.npm.publish = mode == ReleaseMode::NpmPublicReleaseReady;
    policy
}

#[track_caller]
fn expect(policy: &ReleasePolicy, packages: &[ArtifactPackage], messages: &[&str]) {
    let version = "0.1.0-rc.0".parse().unwrap();
    let found: Vec<String> = check(policy, packages, &version)
        .into_iter()
        .map(|finding| finding.message)
        .collect();
    assert_eq!(found, messages);
}

#[test]
fn each_mode_has_a_policy_that_it_accepts() {
    for mode in ReleaseMode::ALL {
        expect(&policy(mode), &packages(), &[]);
    }
}

#[test]
fn the_closed_modes_keep_everything_shut() {
    for mode in [
        ReleaseMode::CiArtifactOnly,
        ReleaseMode::PublishedPackageSmokeRequired,
    ] {
        let label = format!("{} policy", mode.name());
        let mut policy = policy(mode);
        policy.npm.publish = true;
        policy.python.publish = true;
        policy.npm.registry = Some("https://registry.example".into());
        policy.python.repository = Some("https://index.example".into());
        policy.npm.packages = vec!["b".into(), "a".into()];
        policy.python.packages = Vec::new();
        let expected = [
            format!("{label} must keep npm.publish false"),
            format!("{label} must keep python.publish false"),
            format!("{label} must keep npm.registry null"),
            format!("{label} must keep python.repository null"),
            "Release policy npm.packages mismatch: expected @kaelio/ktx, got a, b".to_owned(),
            "Release policy python.packages mismatch: expected kaelio-ktx, got ".to_owned(),
        ];
        expect(&policy, &packages(), &expected.each_ref().map(String::as_str));
    }
}

#[test]
fn the_closed_modes_look_at_each_package() {
    let policy = policy(ReleaseMode::CiArtifactOnly);
    let mut packages = packages();
    packages[0].private = true;
    packages[0].package_version = "0.2.0".into();
    packages[1].release_mode = "live".into();
    let mut other = packages[0].clone();
    other.package_name = "@kaelio/other".into();
    other.private = false;
    packages.push(other);
    expect(
        &policy,
        &packages,
        &[
            "Release policy npm.packages mismatch: expected @kaelio/ktx, @kaelio/other, got @kaelio/ktx",
            "ci-artifact-only policy npm package @kaelio/ktx must be publishable when npm.publish is false",
            "ci-artifact-only policy npm package @kaelio/ktx must use public version 0.1.0-rc.0",
            "Package kaelio-ktx releaseMode must remain ci-artifact-only",
            "ci-artifact-only policy npm package @kaelio/other must remain private",
            "ci-artifact-only policy npm package @kaelio/other must use a private version suffix",
        ],
    );
}

#[test]
fn the_smoke_mode_wants_a_package_to_smoke() {
    let mut policy = policy(ReleaseMode::PublishedPackageSmokeRequired);
    policy.published_package_smoke.package_name = None;
    let wanted = "published-package-smoke-required release mode requires release-policy.json publishedPackageSmoke.packageName";
    expect(&policy, &packages(), &[wanted]);
}

#[test]
fn the_publishing_mode_wants_everything_in_place() {
    let mut policy = policy(ReleaseMode::NpmPublicReleaseReady);
    policy.npm.publish = false;
    policy.python.publish = true;
    policy.python.repository = Some("https://index.example".into());
    policy.npm.packages = vec!["ktx".into()];
    policy.published_package_smoke.package_name = Some("ktx".into());
    policy.published_package_smoke.version = "latest".into();
    let mut packages = packages();
    packages[0].private = true;
    packages[0].package_version = "0.2.0".into();
    let mode = "npm-public-release-ready";
    let expected = [
        format!("{mode} policy requires npm.publish true"),
        format!("{mode} policy keeps python.publish false"),
        format!("{mode} policy keeps python.repository null"),
        "Release policy npm.packages mismatch: expected @kaelio/ktx, got ktx".to_owned(),
        format!("{mode} policy requires @kaelio/ktx to be publishable"),
        format!("{mode} policy expected @kaelio/ktx 0.1.0-rc.0, got 0.2.0"),
        format!("{mode} release mode requires publishedPackageSmoke.packageName @kaelio/ktx"),
        format!("{mode} release mode requires publishedPackageSmoke.version 0.1.0-rc.0"),
    ];
    expect(&policy, &packages, &expected.each_ref().map(String::as_str));
}

#[test]
fn the_publishing_mode_misses_an_absent_package_and_smoke() {
    let mut policy = policy(ReleaseMode::NpmPublicReleaseReady);
    policy.published_package_smoke.package_name = Some(" ".into());
    let mode = "npm-public-release-ready";
    let expected = [
        format!("{mode} policy requires @kaelio/ktx artifact metadata"),
        format!("{mode} release mode requires release-policy.json publishedPackageSmoke.packageName"),
    ];
    expect(
        &policy,
        &packages()[1..],
        &expected.each_ref().map(String::as_str),
    );
}
