//! What a refusal says: what would have come of it, and one thing to do next, which the guard accepts.

use ktx_policy::guard::{
    Commands, FirstLatest, Integrity, PromoteRequest, Provenance, PublishRequest, PublishedProof, Refused,
    RegistryState, Released, RollbackRequest, TrustDowngrade, Witnesses, promote, publish, rollback,
};

use super::matrix::states;
use super::states::{OURS, PLAIN, package, request};

#[test]
fn a_refusal_shows_what_would_have_come_of_it() {
    let integrity = Integrity(OURS.into());
    let registry = package("0.1.0 latest=0.1.0 next=0.1.0");
    let latest = publish(&request("0.2.0-rc.0", "latest", &integrity), &registry).unwrap_err();
    assert_eq!(latest.tags_before.as_ref().unwrap()["latest"], "0.1.0");
    assert_eq!(latest.tags_after.as_ref().unwrap()["latest"], "0.2.0-rc.0");
    let range = publish(&request("0.2.0-rc.0", "v1", &integrity), &registry).unwrap_err();
    assert_eq!(range.tags_before.as_ref().unwrap()["latest"], "0.1.0");
    assert_eq!(range.tags_after, None);
    let unknown = RegistryState::Unknown("connection refused".into());
    let unknown = publish(&request("0.2.0", "next", &integrity), &unknown).unwrap_err();
    assert_eq!(unknown.tags_before, None);
}

const VERSIONS: [&str; 12] = [
    "0.1.0-rc.0",
    "0.1.0",
    "0.1.1",
    "0.2.0-rc.0",
    "0.2.0",
    "0.2.0-my-fix.1",
    "1.0.1",
    "1.0.2",
    "1.1.0",
    "0.2.0-beta",
    "01.0.0",
    "9.0.0",
];

const TAGS: [&str; 8] = [
    "latest",
    "next",
    "branch-my-fix",
    "branch-other",
    "release-1.0",
    "release-0.1",
    "beta",
    "^1",
];

/// One option of a proposed command.
fn option<'line>(line: &'line str, name: &str) -> Option<&'line str> {
    let mut words = line.split_whitespace().skip_while(|word| *word != name);
    words.next().and_then(|_| words.next())
}

/// Runs a proposed command of this toolchain as the guard would see it; other commands have no guard.
#[track_caller]
fn is_accepted(
    refused: &Refused,
    registry: &RegistryState,
    version: &PublishRequest<'_>,
    proof: &Option<PublishedProof>,
    witnesses: &Witnesses,
) {
    let line = &refused.next.command;
    assert!(!line.is_empty() && !line.contains('<'), "{refused:?}");
    let accepts = |flag: &str| line.split_whitespace().any(|word| word == flag);
    let trust_downgrade = match accepts("--accept-trust-downgrade") {
        true => TrustDowngrade::Accepted,
        false => TrustDowngrade::Refused,
    };
    if matches!(registry, RegistryState::Unknown(_)) {
        return;
    }
    let outcome = match line.split_whitespace().nth(2) {
        Some("publish") if line.starts_with("cargo xtask") => {
            let other = PublishRequest {
                tag: option(line, "--tag").unwrap(),
                first_latest: match accepts("--accept-first-latest") {
                    true => FirstLatest::Accepted,
                    false => FirstLatest::Refused,
                },
                trust_downgrade,
                ..version.clone()
            };
            publish(&other, registry)
        }
        Some("promote") => {
            let other = PromoteRequest {
                provenance: ktx_policy::guard::ProvenanceVerdict::NotRequired,
                from: option(line, "--from").unwrap(),
                to: option(line, "--to").unwrap(),
                proof: proof.clone(),
                trust_downgrade,
                commands: &PLAIN,
            };
            promote(&other, registry)
        }
        Some("rollback") => {
            let other = RollbackRequest {
                tag: option(line, "--tag").unwrap(),
                from: option(line, "--from"),
                to: option(line, "--to"),
                confirmed: option(line, "--confirm"),
                witnesses,
                commands: &PLAIN,
            };
            rollback(&other, registry)
        }
        _ => return,
    };
    assert!(
        outcome.is_ok(),
        "`{line}` is refused: {outcome:?}\nafter {refused:?}"
    );
}

#[test]
fn the_guard_accepts_what_it_proposes() {
    let ours = Integrity(OURS.into());
    let nothing = Witnesses::default();
    let receipts = Witnesses {
        receipts: vec!["0.1.0".into(), "0.1.0-rc.0".into()],
        ..Witnesses::default()
    };
    let released = Witnesses {
        released: Released {
            git_tags: VERSIONS
                .iter()
                .filter_map(|version| version.parse().ok())
                .collect(),
            pages: Vec::new(),
        },
        ..Witnesses::default()
    };
    let mut refusals = 0;
    for (_, state) in states() {
        for (version, tag) in VERSIONS
            .iter()
            .flat_map(|version| TAGS.map(|tag| (*version, tag)))
        {
            for (policy_tag, provenance, integrity) in [
                ("next", Provenance::Missing, Some(&ours)),
                ("next", Provenance::Attested, Some(&ours)),
                ("next", Provenance::Missing, None),
                ("latest", Provenance::Missing, Some(&ours)),
            ] {
                let request = PublishRequest {
                    policy_tag,
                    provenance,
                    integrity,
                    ..request(version, tag, &ours)
                };
                let proof = Some(PublishedProof::Served {
                    version: version.to_owned(),
                    integrity: ours.clone(),
                });
                let mut look = |refused: Option<Refused>, witnesses: &Witnesses| {
                    if let Some(refused) = refused {
                        is_accepted(&refused, &state, &request, &proof, witnesses);
                        refusals += 1;
                    }
                };
                look(publish(&request, &state).err(), &nothing);
                for from in TAGS {
                    let promotion = PromoteRequest {
                        provenance: ktx_policy::guard::ProvenanceVerdict::NotRequired,
                        from,
                        to: tag,
                        proof: proof.clone(),
                        trust_downgrade: TrustDowngrade::Refused,
                        commands: &PLAIN,
                    };
                    look(promote(&promotion, &state).err(), &nothing);
                }
                for witnesses in [&nothing, &receipts, &released] {
                    for (from, to) in [
                        (None, None),
                        (Some(version), None),
                        (None, Some(version)),
                        (Some("0.1.1"), Some(version)),
                    ] {
                        let back = RollbackRequest {
                            tag,
                            from,
                            to,
                            confirmed: None,
                            witnesses,
                            commands: &PLAIN,
                        };
                        look(rollback(&back, &state).err(), witnesses);
                    }
                }
            }
        }
    }
    assert!(refusals > 10_000, "{refusals}");
}

#[test]
fn the_next_step_fits_the_version_the_policy_and_the_place() {
    let integrity = Integrity(OURS.into());
    let commands = Commands {
        registry: " --registry R".into(),
        artifacts: " --artifacts A".into(),
        revision: String::new(),
        smoke: " --registry R".into(),
        npm: " --registry=R".into(),
    };
    let stable = "0.1.0 latest=0.1.0 next=0.1.0";
    for (version, tag, policy_tag, words, expected) in [
        (
            "0.2.0-rc.0",
            "v1",
            "next",
            stable,
            "cargo xtask publish --tag next",
        ),
        (
            "0.2.0",
            "beta",
            "latest",
            stable,
            "cargo xtask publish --tag latest",
        ),
        (
            "0.2.0-my-fix.1",
            "next",
            "next",
            stable,
            "cargo xtask publish --tag branch-my-fix",
        ),
        (
            "0.2.0",
            "latest",
            "next",
            stable,
            "cargo xtask publish --tag next",
        ),
        (
            "0.2.0-rc.0",
            "latest",
            "next",
            "",
            "cargo xtask publish --tag next --accept-first-latest",
        ),
        (
            "1.0.1",
            "next",
            "next",
            "1.0.0 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2",
            "cargo xtask publish --tag release-1.0",
        ),
    ] {
        let request = PublishRequest {
            policy_tag,
            commands: &commands,
            ..request(version, tag, &integrity)
        };
        let refused = publish(&request, &package(words)).unwrap_err();
        let expected = format!("{expected} --registry R --artifacts A");
        assert_eq!(refused.next.command, expected, "{version} {tag}");
    }
    for (version, words, expected) in [
        (
            "0.1.0-rc.9",
            stable,
            "cargo xtask version next --channel rc --registry R",
        ),
        (
            "0.1.0",
            "0.1.0!other latest=0.1.0 next=0.1.0",
            "cargo xtask version next --channel stable --registry R",
        ),
        (
            "0.1.0",
            "0.1.0 0.2.0 latest=0.1.0 next=0.1.0",
            "npm dist-tag add @kaelio/ktx@0.2.0 next --registry=R",
        ),
        (
            "0.1.0",
            "0.1.0 latest=0.2.0",
            "npm dist-tag ls @kaelio/ktx --registry=R",
        ),
    ] {
        let request = PublishRequest {
            commands: &commands,
            ..request(version, "next", &integrity)
        };
        let refused = publish(&request, &package(words)).unwrap_err();
        assert_eq!(refused.next.command, expected, "{version} {words}");
    }
    let mut candidate = request("0.2.0-rc.0", "latest", &integrity);
    candidate.policy_tag = "latest";
    let refused = publish(&candidate, &package(stable)).unwrap_err();
    assert_eq!(
        refused.next.line(),
        "set npm.tag in release-policy.json to the tag of this channel: cargo xtask readiness"
    );
    let promotion = PromoteRequest {
        provenance: ktx_policy::guard::ProvenanceVerdict::NotRequired,
        from: "next",
        to: "latest",
        proof: None,
        trust_downgrade: TrustDowngrade::Refused,
        commands: &commands,
    };
    let refused = promote(&promotion, &package("0.1.0 0.2.0 latest=0.1.0 next=0.2.0")).unwrap_err();
    assert_eq!(
        refused.next.command,
        "cargo xtask smoke --package @kaelio/ktx@0.2.0 --registry R"
    );
}
