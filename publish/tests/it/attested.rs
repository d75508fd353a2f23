//! After a publication with provenance: the attestation that the registry serves is verified. Sigstore is a stand-in with
//! keys of its own, and npm is the real one without the flag that would ask the real Sigstore.

use std::path::Path;
use std::time::Duration;

use fs_err as fs;
use ktx_fixtures::authority::{Authority, Claims, Flaw};
use ktx_fixtures::registry_proxy::{Proxy, Signed, Signing};
use ktx_publish::publication::{ProvenanceResult, PublishReport, PublishResult};
use ktx_publish::receipt::OperationOutcome;
use ktx_publish::{ErrorClass, PublishError};
use serde_json::json;

use super::job::in_a_job;
use super::support::release::{REVISION, make_executable};
use super::support::{LocalRegistry, Release};

const VERSION: &str = "0.1.0";

struct Case {
    _registry: LocalRegistry,
    proxy: Proxy,
    authority: Authority,
    release: Release,
}

impl Case {
    fn new() -> Self {
        let registry = LocalRegistry::start();
        let proxy = Proxy::before(registry.port(), &[]);
        let authority = Authority::default();
        let mut release = Release::new(VERSION, &registry, proxy.url());
        release.write_policy(&json!({"npm": policy("required")}));
        release.prove();
        in_a_job(&mut release, "npm");
        run_the_real_npm(&release.path("tools"));
        release.options.trusted_root = Some(authority.trusted_root());
        Self {
            _registry: registry,
            proxy,
            authority,
            release,
        }
    }

    /// What the registry has signed about the version.
    fn signing(&self) -> Signing {
        let bytes = fs::read(self.release.tarball()).unwrap();
        Signing::of(&self.authority, &bytes, VERSION, REVISION)
    }

    fn change(&self, change: impl FnOnce(&mut Signed)) {
        let mut signing = self.signing();
        change(signing.versions.get_mut(VERSION).unwrap());
        self.proxy.sign(signing);
    }
}

fn policy(provenance: &str) -> serde_json::Value {
    let checked_in = include_str!("../../../release-policy.json");
    let mut policy: serde_json::Value = serde_json::from_str(checked_in).unwrap();
    policy["npm"]["provenance"] = json!(provenance);
    policy["npm"].take()
}

/// The npm of this machine, which is told to publish without provenance: it would ask the real Sigstore.
fn run_the_real_npm(tools: &Path) {
    let script = "#!/bin/sh\n\
        [ \"$1\" = --version ] && { echo 11.19.1; exit; }\n\
        PATH=${PATH#*:}\n\
        for word do\n shift\n case $word in --provenance=true) word=--provenance=false ;; esac\n set -- \"$@\" \"$word\"\ndone\n\
        exec npm \"$@\"\n";
    let npm = tools.join("npm");
    fs::write(&npm, script).unwrap();
    make_executable(&npm);
}

#[track_caller]
fn verified(report: &PublishReport, result: &PublishResult) {
    assert_eq!(&report.result, result);
    match &report.provenance {
        ProvenanceResult::Verified(provenance) => assert_eq!(provenance.commit, REVISION),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_published_with_provenance_is_verified_and_again_by_a_rerun() {
    let case = Case::new();
    case.proxy.sign(case.signing());
    verified(&case.release.publish().unwrap(), &PublishResult::Published);
    verified(&case.release.publish().unwrap(), &PublishResult::AlreadyPublished);
    let outcomes = case.release.outcomes();
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == OperationOutcome::Verified),
        "{outcomes:?}"
    );
}

/// Not announced, announced and not served, served without the one about the build: never verified, and never refused.
#[test]
fn an_attestation_that_is_not_there_yet_is_not_known_until_it_is() {
    for absent in [
        |signed: &mut Signed| *signed = Signed::default(),
        |signed: &mut Signed| signed.attestations = None,
        |signed: &mut Signed| signed.attestations.as_mut().unwrap().truncate(1),
    ] {
        let mut case = Case::new();
        case.change(absent);
        case.release.options.patience.provenance = Duration::ZERO;
        for result in [PublishResult::Published, PublishResult::AlreadyPublished] {
            let report = case.release.publish().unwrap();
            assert_eq!(report.result, result);
            let ProvenanceResult::NotYetVisible { seen } = report.provenance else {
                panic!("{:?}", report.provenance)
            };
            assert!(seen.contains("attestation"), "{seen}");
            let outcome = case.release.outcomes().pop();
            assert_eq!(outcome, Some(OperationOutcome::PublishedNotYetVisible));
        }
        case.proxy.sign(case.signing());
        verified(&case.release.publish().unwrap(), &PublishResult::AlreadyPublished);
        assert_eq!(case.proxy.uploads(), 1, "it was published once");
    }
}

#[test]
fn one_that_arrives_late_is_waited_for() {
    let case = Case::new();
    case.change(|signed| signed.attestations = None);
    let publishing = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| case.release.publish());
        let asked = |line: &String| line.contains("/attestations/");
        while !case.proxy.requests().iter().any(asked) {
            assert!(!publishing.is_finished(), "it does not wait for the attestation");
            std::thread::yield_now();
        }
        case.proxy.sign(case.signing());
        publishing.join().unwrap()
    });
    verified(&publishing.unwrap(), &PublishResult::Published);
}

#[test]
fn a_build_of_something_else_is_refused_and_named() {
    type Forge = fn(&Case, &[u8]) -> Vec<serde_json::Value>;
    let cases: [(Forge, &str); 3] = [
        (
            |case, bytes| {
                let mut claims = Claims::of(VERSION, REVISION);
                claims.commit = "decaf".repeat(8);
                vec![case.authority.attestation(bytes, &claims, Flaw::None)]
            },
            "(provenance-commit)",
        ),
        (
            |case, bytes| {
                let claims = Claims::of(VERSION, REVISION);
                vec![case.authority.attestation(bytes, &claims, Flaw::ForgedSignature)]
            },
            "(provenance-signature)",
        ),
        (
            |case, bytes| {
                let build = case
                    .authority
                    .attestation(bytes, &Claims::of(VERSION, REVISION), Flaw::None);
                vec![
                    case.authority.publication(bytes, VERSION, Flaw::ForgedSignature),
                    build,
                ]
            },
            "(publication-signature)",
        ),
    ];
    for (forge, code) in cases {
        let case = Case::new();
        let bytes = fs::read(case.release.tarball()).unwrap();
        case.change(|signed| signed.attestations = Some(forge(&case, &bytes)));
        let error = case.release.publish().unwrap_err();
        assert_eq!(error.class(), ErrorClass::Integrity, "{error}");
        let PublishError::Integrity { message, hint } = error else {
            panic!("{error}")
        };
        assert!(message.contains(code), "{message}");
        assert!(
            hint.ends_with("cargo xtask version next --channel stable"),
            "{hint}"
        );
    }
}

/// The first version of a package is published by hand.
#[test]
fn nobody_expects_provenance_of_what_was_published_by_hand() {
    let mut case = Case::new();
    let by_hand = |report: PublishReport| matches!(report.provenance, ProvenanceResult::NotChecked { .. });
    let job = case.release.environment.remove("GITHUB_ACTIONS").unwrap();
    assert!(by_hand(case.release.publish().unwrap()));
    assert!(by_hand(case.release.publish().unwrap()));
    // A job does not call that verified, unless the policy asks for nothing.
    case.release.environment.insert("GITHUB_ACTIONS".to_owned(), job);
    case.release.options.patience.provenance = Duration::ZERO;
    assert!(!by_hand(case.release.publish().unwrap()));
    case.release.write_policy(&json!({"npm": policy("optional")}));
    case.release.prove();
    assert!(by_hand(case.release.publish().unwrap()));
}
