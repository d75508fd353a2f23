//! The readiness report: its text, its JSON, and what opens each gate.

use std::collections::{BTreeMap, BTreeSet};

use ktx_names::{BuildProfile, Platform};
use ktx_policy::readiness::{
    Artifacts, CodeSignature, Gate, GateName, Head, NotReadyKind, ReadinessFacts, ReadinessReport,
    SmokeProof, VerifiedArtifacts, assess, examples,
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

pub fn ready() -> ReadinessFacts {
    examples::ready(&policy())
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
    Runtime uv strategy: pinned-on-consent
    Runtime uv bootstrap: disabled
    NPM publish target: @kaelio/ktx@0.1.0-rc.0 (next)
    Gate release-mode: open
    Gate artifacts: open
    Gate policy: open
    Gate source-revision: open
    Gate locks: open
    Gate bill: open
    Gate platforms: open
    Gate signatures: open
    Gate build-profile: open
    Gate smoke: open
    Gate changelog: open
    Gate budgets: open
    Gate audit: open
    ");
}

#[test]
fn the_json_of_a_ready_release() {
    insta::assert_json_snapshot!(assess(&policy(), &ready()));
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
    Gate release-mode: closed
      - release-policy.json must use npm-public-release-ready before publishing
      - decision pending: name the owner
      first: make the decisions, then set releaseMode in release-policy.json and empty requiredBeforePublishing
      run: cargo xtask readiness
    Gate artifacts: open
    Gate policy: open
    Gate source-revision: open
    Gate locks: open
    Gate bill: open
    Gate platforms: open
    Gate signatures: open
    Gate build-profile: open
    Gate smoke: open
    Gate changelog: open
    Gate budgets: open
    Gate audit: open
    ");
}

#[test]
fn without_artifacts_every_gate_behind_them_is_closed() {
    let facts = ReadinessFacts {
        artifacts: Artifacts::Unfit(vec![
            "failed to read `dist/artifacts/manifest.json`: not found".into(),
        ]),
        smoke: BTreeMap::new(),
        ..ready()
    };
    insta::assert_snapshot!(gates(&assess(&policy(), &facts)), @r"
    Gate release-mode: open
    Gate artifacts: closed
      - failed to read `dist/artifacts/manifest.json`: not found
      run: cargo xtask build
    Gate policy: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate source-revision: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate locks: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate bill: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate platforms: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate signatures: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate build-profile: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate smoke: closed
      - linux-x64: there is no smoke report
      - darwin-arm64: there is no smoke report
      first: on linux-x64, and without --no-skip on darwin-arm64; the reports belong in dist/reports
      run: cargo xtask smoke --no-skip
    Gate changelog: open
    Gate budgets: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    Gate audit: not checked
      - there are no verified artifacts to look at
      run: cargo xtask build
    ");
}

#[test]
fn what_kind_of_thing_is_missing_is_known() {
    let with = |artifacts: Artifacts| assess(&policy(), &ReadinessFacts { artifacts, ..ready() }).kind;
    assert_eq!(with(Artifacts::Unfit(Vec::new())), NotReadyKind::Policy);
    assert_eq!(
        with(Artifacts::Missing(vec!["no tarball".into()])),
        NotReadyKind::Prerequisite
    );
    assert_eq!(
        with(Artifacts::Altered(vec!["changed".into()])),
        NotReadyKind::Integrity
    );
    let mut facts = ready();
    for (proof, kind) in [
        (SmokeProof::OtherBytes("wheel".into()), NotReadyKind::Integrity),
        (SmokeProof::Contradicts("it says so".into()), NotReadyKind::Policy),
        (SmokeProof::FromRegistry, NotReadyKind::Policy),
    ] {
        facts.smoke.insert(Platform::LinuxX64, proof);
        assert_eq!(assess(&policy(), &facts).kind, kind);
    }
}

fn of_head(head: Head) -> ReadinessFacts {
    let mut facts = ready();
    facts.sources.head = head;
    facts
}

#[test]
fn the_examples_close_every_gate_and_each_says_what_opens_it() {
    let policy = policy();
    let mut closed = BTreeSet::new();
    for (policy, facts) in examples::blocked(&policy) {
        let report = assess(&policy, &facts);
        assert!(!report.ready, "{facts:?}");
        for gate in report.gates {
            assert_eq!(gate.command.is_none(), gate.is_open(), "{gate:?}");
            closed.extend((!gate.is_open()).then_some(gate.name));
        }
    }
    let all: BTreeSet<_> = assess(&policy, &ready())
        .gates
        .iter()
        .map(|gate| gate.name)
        .collect();
    assert_eq!(closed, all, "`readiness/examples.rs` closes every gate once");
}

#[test]
fn each_gate_closes_alone() {
    let shut = |facts: &ReadinessFacts| -> Vec<String> {
        let report = assess(&policy(), facts);
        assert_eq!(report.ready, report.gates.iter().all(Gate::is_open));
        let shut = report.gates.iter().filter(|gate| !gate.is_open());
        shut.map(|gate| format!("{}: {}", gate.name.name(), gate.missing().join("; ")))
            .collect()
    };
    let with = |change: &dyn Fn(&mut VerifiedArtifacts)| {
        let mut facts = ready();
        match &mut facts.artifacts {
            Artifacts::Verified(artifacts) => change(artifacts),
            other => panic!("{other:?}"),
        }
        facts
    };
    assert_eq!(
        shut(&with(&|artifacts| artifacts.source_revision = None)),
        ["source-revision: the artifacts were built from a tree with uncommitted changes"]
    );
    assert_eq!(
        shut(&of_head(Head::At("decaf".into()))),
        ["source-revision: the artifacts were built from c0ffee, but the release is of decaf"]
    );
    assert_eq!(
        shut(&of_head(Head::Unknown)),
        [
            "source-revision: the artifacts say c0ffee, and there is no checkout or --source-revision to compare it with"
        ]
    );
    let unknown = assess(&policy(), &of_head(Head::Unknown));
    assert!(
        gates(&unknown).contains("Gate source-revision: not checked\n"),
        "{}",
        gates(&unknown)
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
        shut(&with(&|artifacts| artifacts
            .lock_faults
            .push("core.txt was edited".into()))),
        ["locks: core.txt was edited"]
    );
    assert_eq!(
        shut(&with(&|artifacts| artifacts
            .bill_faults
            .push("the bill lacks a crate".into()))),
        ["bill: the bill lacks a crate"]
    );
    let signed = |signature: CodeSignature| {
        with(&|artifacts| {
            artifacts.signatures = Platform::ALL.map(|platform| (platform, signature.clone())).into();
        })
    };
    assert!(shut(&signed(CodeSignature::Uncertified)).is_empty());
    assert_eq!(
        shut(&with(&|artifacts| {
            let broken = CodeSignature::Broken("its code signature does not match its bytes".into());
            artifacts.signatures.insert(Platform::Win32X64, broken);
        })),
        ["signatures: the program for win32-x64: its code signature does not match its bytes"]
    );
    let mut demanding = policy();
    demanding.signing = vec![Platform::DarwinX64];
    for (signature, expected) in [
        (CodeSignature::Certified("CN=somebody".into()), &[][..]),
        (
            CodeSignature::Uncertified,
            &["the program for darwin-x64 is not signed with a certificate"],
        ),
    ] {
        let report = assess(&demanding, &signed(signature));
        let gate = report.gates.iter().find(|gate| gate.name == GateName::Signatures);
        assert_eq!(gate.expect("it is there").missing(), expected);
    }
    assert_eq!(
        shut(&with(&|artifacts| artifacts.packages[0].private = true)),
        ["policy: npm-public-release-ready policy requires @kaelio/ktx to be publishable"]
    );
    use SmokeProof::{FromRegistry, NotGreen, OtherBytes, OtherPolicy, Unreadable};
    for (proof, said) in [
        (OtherBytes("tarball".into()), "is about another tarball"),
        (OtherPolicy, "was made under another release policy"),
        (FromRegistry, "is of a package from a registry"),
        (NotGreen("daemon failed".into()), "is not green: daemon failed"),
        (Unreadable("no".into()), "cannot be used: no"),
    ]
    .map(|(proof, said)| (Some(proof), format!("the smoke report {said}")))
    .into_iter()
    .chain([(None, "there is no smoke report".to_owned())])
    {
        let mut facts = ready();
        facts.smoke.remove(&Platform::LinuxX64);
        facts.smoke.extend(proof.map(|proof| (Platform::LinuxX64, proof)));
        assert_eq!(shut(&facts), [format!("smoke: linux-x64: {said}")]);
    }
}
