//! The readiness report: its text, its JSON, and what opens each gate.

use std::collections::BTreeMap;

use ktx_names::{ArtifactPackage, BuildProfile, Platform};
use ktx_policy::readiness::{
    Artifacts, Compared, Head, ReadinessFacts, ReadinessReport, SmokeProof, VerifiedArtifacts, assess,
};
use ktx_policy::release_policy::ReleaseMode;
use ktx_policy::{ReleasePolicy, release_policy};

use super::reading::CHECKED_IN;

pub fn policy() -> ReleasePolicy {
    let mut policy = release_policy::read(CHECKED_IN).unwrap();
    policy.published_package_smoke.version = "0.1.0-rc.0".into();
    policy.platforms = vec![Platform::LinuxX64, Platform::DarwinArm64];
    policy
}

fn verified() -> VerifiedArtifacts {
    VerifiedArtifacts {
        packages: vec![
            ArtifactPackage::npm("0.1.0-rc.0"),
            ArtifactPackage::python("0.1.0rc0"),
        ],
        source_revision: Some("c0ffee".into()),
        programs: [Platform::LinuxX64, Platform::DarwinArm64]
            .map(|platform| (platform, Some(BuildProfile::Release)))
            .into(),
    }
}

pub fn ready() -> ReadinessFacts {
    ReadinessFacts {
        version: "0.1.0-rc.0".parse().unwrap(),
        artifacts: Artifacts::Verified(verified()),
        head: Head::At("c0ffee".into()),
        smoke: BTreeMap::from([
            (Platform::LinuxX64, SmokeProof::Green),
            (Platform::DarwinArm64, SmokeProof::Green),
        ]),
        changelog: Ok(()),
        compared: Compared::First,
    }
}

fn gates(report: &ReadinessReport) -> String {
    report
        .lines()
        .into_iter()
        .skip_while(|line| !line.starts_with("Gate"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_text_of_a_ready_release() {
    let report = assess(&policy(), &ready());
    assert!(report.ready);
    insta::assert_snapshot!(report.lines().join("\n"), @r"
    KTX release mode: npm-public-release-ready
    KTX source revision: c0ffee
    KTX packages: @kaelio/ktx, kaelio-ktx
    Published package smoke: required
    Published package smoke script: cargo xtask smoke --registry URL --package SPEC
    Published package smoke reason: Run the published package smoke after the npm package is published.
    Published package smoke package: @kaelio/ktx
    Published package smoke version: 0.1.0-rc.0
    Published package smoke registry: default npm registry
    Runtime uv strategy: path-prerequisite
    Runtime uv bootstrap: disabled
    NPM publish target: @kaelio/ktx@0.1.0-rc.0 (next)
    Gate release-mode: open
    Gate artifacts: open
    Gate policy: open
    Gate source-revision: open
    Gate platforms: open
    Gate build-profile: open
    Gate smoke: open
    Gate changelog: open
    Gate budgets: open
    ");
}

#[test]
fn the_json_of_a_ready_release() {
    insta::assert_json_snapshot!(assess(&policy(), &ready()), @r#"
    {
      "schemaVersion": 1,
      "releaseMode": "npm-public-release-ready",
      "sourceRevision": "c0ffee",
      "npmPublishEnabled": true,
      "pythonPublishEnabled": false,
      "packageNames": [
        "@kaelio/ktx",
        "kaelio-ktx"
      ],
      "publishedPackageSmokeGate": {
        "status": "required",
        "reason": "Run the published package smoke after the npm package is published.",
        "script": "cargo xtask smoke --registry URL --package SPEC",
        "configSource": "release-policy",
        "packageName": "@kaelio/ktx",
        "version": "0.1.0-rc.0",
        "registry": null
      },
      "runtimeInstaller": {
        "uvStrategy": "path-prerequisite",
        "bootstrapUv": false,
        "missingUvBehavior": "focused-error"
      },
      "npmPublish": {
        "packageName": "@kaelio/ktx",
        "version": "0.1.0-rc.0",
        "access": "public",
        "tag": "next",
        "registry": null
      },
      "blockedPublishingDecisions": [],
      "ready": true,
      "gates": [
        {
          "name": "release-mode",
          "open": true,
          "missing": []
        },
        {
          "name": "artifacts",
          "open": true,
          "missing": []
        },
        {
          "name": "policy",
          "open": true,
          "missing": []
        },
        {
          "name": "source-revision",
          "open": true,
          "missing": []
        },
        {
          "name": "platforms",
          "open": true,
          "missing": []
        },
        {
          "name": "build-profile",
          "open": true,
          "missing": []
        },
        {
          "name": "smoke",
          "open": true,
          "missing": []
        },
        {
          "name": "changelog",
          "open": true,
          "missing": []
        },
        {
          "name": "budgets",
          "open": true,
          "missing": []
        }
      ]
    }
    "#);
}

#[test]
fn a_closed_mode_is_not_ready_and_lists_the_decisions() {
    let mut policy = policy();
    policy.release_mode = ReleaseMode::CiArtifactOnly;
    policy.npm.publish = false;
    policy.required_before_publishing = vec!["name the owner".into()];
    let report = assess(&policy, &ready());
    assert!(!report.ready);
    assert_eq!(report.npm_publish, None);
    assert_eq!(report.published_package_smoke_gate.status, "not_required");
    insta::assert_snapshot!(report.lines()[11..].join("\n"), @r"
    Registry publishing remains disabled by release-policy.json.
    Required decisions before publishing:
    - name the owner
    Gate release-mode: shut
      - release-policy.json must use npm-public-release-ready before publishing
      - decision pending: name the owner
      first: take the decisions, then set releaseMode in release-policy.json and empty requiredBeforePublishing
      mend: cargo xtask readiness
    Gate artifacts: open
    Gate policy: open
    Gate source-revision: open
    Gate platforms: open
    Gate build-profile: open
    Gate smoke: open
    Gate changelog: open
    Gate budgets: open
    ");
}

#[test]
fn without_artifacts_every_gate_behind_them_is_shut() {
    let facts = ReadinessFacts {
        artifacts: Artifacts::Unfit(vec![
            "failed to read `dist/artifacts/manifest.json`: not found".into(),
        ]),
        smoke: BTreeMap::new(),
        ..ready()
    };
    insta::assert_snapshot!(gates(&assess(&policy(), &facts)), @r"
    Gate release-mode: open
    Gate artifacts: shut
      - failed to read `dist/artifacts/manifest.json`: not found
      mend: cargo xtask build
    Gate policy: shut
      - there are no verified artifacts to look at
      mend: cargo xtask build
    Gate source-revision: shut
      - there are no verified artifacts to look at
      mend: cargo xtask build
    Gate platforms: shut
      - there are no verified artifacts to look at
      mend: cargo xtask build --release --platform linux-x64,darwin-arm64
    Gate build-profile: shut
      - there are no verified artifacts to look at
      mend: cargo xtask build --release --platform linux-x64,darwin-arm64
    Gate smoke: shut
      - linux-x64: there is no smoke report
      - darwin-arm64: there is no smoke report
      first: on linux-x64, and without --no-skip on darwin-arm64; the reports belong in dist/reports
      mend: cargo xtask smoke --no-skip
    Gate changelog: open
    Gate budgets: shut
      - there are no verified artifacts to look at
      mend: cargo xtask build
    ");
}

#[test]
fn bytes_that_differ_are_told_from_what_is_only_missing() {
    let with = |artifacts: Artifacts| ReadinessFacts { artifacts, ..ready() };
    assert!(!assess(&policy(), &with(Artifacts::Unfit(Vec::new()))).bytes_differ);
    assert!(assess(&policy(), &with(Artifacts::Altered(vec!["changed".into()]))).bytes_differ);
    let mut facts = ready();
    assert!(!assess(&policy(), &facts).bytes_differ);
    facts.smoke.insert(Platform::LinuxX64, SmokeProof::OtherTarball);
    assert!(assess(&policy(), &facts).bytes_differ);
}

#[test]
fn each_gate_shuts_alone() {
    let shut = |facts: &ReadinessFacts| -> Vec<String> {
        let report = assess(&policy(), facts);
        assert_eq!(report.ready, report.gates.iter().all(|gate| gate.open));
        let shut = report.gates.iter().filter(|gate| !gate.open);
        shut.map(|gate| format!("{}: {}", gate.name.name(), gate.missing.join("; ")))
            .collect()
    };
    let with = |change: &dyn Fn(&mut VerifiedArtifacts)| {
        let mut artifacts = verified();
        change(&mut artifacts);
        ReadinessFacts {
            artifacts: Artifacts::Verified(artifacts),
            ..ready()
        }
    };
    assert_eq!(
        shut(&with(&|artifacts| artifacts.source_revision = None)),
        ["source-revision: the artifacts were built from a tree with uncommitted changes"]
    );
    assert_eq!(
        shut(&ReadinessFacts {
            head: Head::At("decaf".into()),
            ..ready()
        }),
        ["source-revision: the artifacts were built from c0ffee, but decaf is checked out"]
    );
    assert!(
        shut(&ReadinessFacts {
            head: Head::NoCheckout,
            ..ready()
        })
        .is_empty()
    );
    assert_eq!(
        shut(&with(&|artifacts| artifacts
            .programs
            .retain(|platform, _| *platform == Platform::LinuxX64))),
        ["platforms: the package has no program for darwin-arm64"]
    );
    let of_profile = |profile| {
        shut(&with(&|artifacts| {
            artifacts.programs.insert(Platform::LinuxX64, profile);
        }))
    };
    assert!(of_profile(Some(BuildProfile::Release)).is_empty());
    assert_eq!(
        of_profile(Some(BuildProfile::Local)),
        ["build-profile: the program for linux-x64 was built with the profile local, expected release"]
    );
    assert_eq!(
        of_profile(None),
        ["build-profile: the program for linux-x64 does not say how it was built"]
    );
    assert_eq!(
        shut(&with(&|artifacts| artifacts.packages[0].private = true)),
        ["policy: npm-public-release-ready policy requires @kaelio/ktx to be publishable"]
    );
    for (proof, said) in [
        (None, "there is no smoke report"),
        (
            Some(SmokeProof::OtherTarball),
            "the smoke report is about another tarball",
        ),
        (
            Some(SmokeProof::OtherPolicy),
            "the smoke report was made under another release policy",
        ),
        (
            Some(SmokeProof::FromRegistry),
            "the smoke report is of a package from a registry",
        ),
        (
            Some(SmokeProof::NotGreen("daemon failed".into())),
            "the smoke report is not green: daemon failed",
        ),
        (
            Some(SmokeProof::Unreadable("no".into())),
            "the smoke report cannot be used: no",
        ),
    ] {
        let mut facts = ready();
        facts.smoke.remove(&Platform::LinuxX64);
        facts.smoke.extend(proof.map(|proof| (Platform::LinuxX64, proof)));
        assert_eq!(shut(&facts), [format!("smoke: linux-x64: {said}")]);
    }
}
