//! Promotions, rollbacks and acceptances, one row per rule.

use ktx_policy::guard::{
    Decision, FirstLatest, Integrity, PastRollback, PromoteRequest, Provenance, ProvenanceVerdict,
    PublishedProof, RefusalClass, Refused, RegistryState, RollbackRequest, Rule, RuleState, TrustDowngrade,
    Witnesses, Work, promote, publish, rollback,
};

use super::states::{OURS, PLAIN, package, released, request};

fn codes(verdict: &Result<Decision, Refused>) -> String {
    match verdict {
        Ok(plan) => match plan.work {
            Work::Publish => "PUBLISH".into(),
            Work::MoveTag => "MOVE".into(),
            Work::Nothing => "DONE".into(),
        },
        Err(refused) => refused
            .refusals
            .iter()
            .map(|refusal| refusal.code.name())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[track_caller]
fn check_promote(from: &str, to: &str, proven: &str, words: &str, expected: &str) {
    let proof = proven
        .split_once('@')
        .map(|(integrity, version)| PublishedProof::Served {
            version: version.into(),
            integrity: Integrity(format!("sha512-{integrity}")),
        });
    let request = PromoteRequest {
        provenance: ProvenanceVerdict::NotRequired,
        from,
        to,
        proof,
        trust_downgrade: TrustDowngrade::Refused,
        commands: &PLAIN,
    };
    assert_eq!(codes(&promote(&request, &package(words))), expected);
}

#[test]
fn promotes_a_proven_stable_version_upwards() {
    let registry = "0.1.0 0.2.0 latest=0.1.0 next=0.2.0";
    check_promote("next", "latest", "ours@0.2.0", registry, "MOVE");
    check_promote("next", "latest", "", registry, "not-proven");
    check_promote("next", "latest", "ours@0.1.0", registry, "not-proven");
    check_promote("next", "latest", "theirs@0.2.0", registry, "proof-mismatch");
    check_promote(
        "latest",
        "next",
        "ours@0.1.0",
        registry,
        "tag-backwards below-latest",
    );
    check_promote("next", "next", "ours@0.2.0", registry, "same-tag");
    check_promote("branch-a", "latest", "", registry, "tag-missing");
    check_promote("beta", "^1", "", registry, "tag-invalid tag-is-range");
    check_promote("next", "latest", "", "0.2.0 latest=0.2.0 next=0.2.0", "DONE");
    check_promote("next", "branch-a", "ours@0.2.0", registry, "channel-mismatch");
}

#[test]
fn refuses_to_promote_a_prerelease_or_to_move_latest_down() {
    let candidate = "0.1.0 0.2.0-rc.1 latest=0.1.0 next=0.2.0-rc.1";
    check_promote(
        "next",
        "latest",
        "ours@0.2.0-rc.1",
        candidate,
        "prerelease-latest",
    );
    let first = "0.1.0 0.2.0-rc.1 latest=0.2.0-rc.1 next=0.1.0";
    check_promote(
        "latest",
        "next",
        "ours@0.2.0-rc.1",
        first,
        "channel-mismatch below-latest",
    );
    // Build metadata does not make a version higher.
    let same = "0.2.0+build 0.2.0 latest=0.2.0+build next=0.2.0";
    check_promote("next", "latest", "ours@0.2.0", same, "tag-backwards");
    let behind = "0.1.0 0.2.0 latest=0.2.0 next=0.1.0";
    check_promote("next", "latest", "ours@0.1.0", behind, "tag-backwards");
}

#[test]
fn refuses_to_promote_what_lost_provenance_or_is_deprecated() {
    let downgrade = "0.1.0+attested 0.2.0 latest=0.1.0 next=0.2.0";
    check_promote("next", "latest", "ours@0.2.0", downgrade, "trust-downgrade");
    let kept = "0.1.0 0.2.0+attested latest=0.1.0 next=0.2.0";
    check_promote("next", "latest", "ours@0.2.0", kept, "MOVE");

    let proof = Some(PublishedProof::Served {
        version: "0.2.0".into(),
        integrity: Integrity(OURS.into()),
    });
    let mut request = PromoteRequest {
        provenance: ProvenanceVerdict::NotRequired,
        from: "next",
        to: "latest",
        proof,
        trust_downgrade: TrustDowngrade::Accepted,
        commands: &PLAIN,
    };
    assert_eq!(codes(&promote(&request, &package(downgrade))), "MOVE");

    request.trust_downgrade = TrustDowngrade::Refused;
    let mut registry = package(downgrade);
    let RegistryState::Package(state) = &mut registry else {
        unreachable!()
    };
    for (version, day) in [("0.1.0", "2"), ("0.2.0", "1")] {
        state.versions.get_mut(version).unwrap().published_at = Some(format!("2031-01-0{day}T00:00:00.000Z"));
    }
    assert_eq!(
        codes(&promote(&request, &registry)),
        "MOVE",
        "the version with provenance came later"
    );
    let RegistryState::Package(state) = &mut registry else {
        unreachable!()
    };
    state.versions.get_mut("0.2.0").unwrap().deprecated = Some("broken".into());
    assert_eq!(codes(&promote(&request, &registry)), "deprecated");
}

/// `words` after the registry: `was=` for a receipt, `left=` for one that was rolled back from, `git=` for a git tag,
/// `page=` for a release page.
#[track_caller]
fn check_rollback(command: &str, known: &str, expected: &str) {
    let registry = package("0.0.9 0.1.0 0.2.0-rc.1 0.2.0 0.2.0-my-fix.1 latest=0.2.0 next=0.2.0");
    let option = |name: &str| {
        let mut words = command.split_whitespace().skip_while(|word| *word != name);
        words.next().and_then(|_| words.next())
    };
    let listed = |name: &str| -> Vec<String> {
        let words = known
            .split_whitespace()
            .filter_map(|word| word.strip_prefix(name));
        words.map(str::to_owned).collect()
    };
    let witnesses = Witnesses {
        receipts: listed("was="),
        withdrawn: listed("left="),
        last_rollback: None,
        released: released(&listed("git="), &listed("page=")),
    };
    let request = RollbackRequest {
        tag: command.split_whitespace().next().unwrap(),
        from: option("from"),
        to: option("to"),
        confirmed: option("confirm"),
        witnesses: &witnesses,
        commands: &PLAIN,
    };
    let outcome = rollback(&request, &registry);
    let target = outcome
        .as_ref()
        .map_or_else(|_| String::new(), |plan| format!(" {}", plan.version));
    assert_eq!(
        format!("{}{target}", codes(&outcome)),
        expected,
        "{command} {known}"
    );
}

#[test]
fn rolls_back_down_to_what_the_tag_pointed_at() {
    check_rollback("latest to 0.1.0", "was=0.1.0", "MOVE 0.1.0");
    check_rollback("latest to 0.1.0", "git=0.1.0", "MOVE 0.1.0");
    check_rollback("latest to 0.1.0", "", "no-history");
    check_rollback("latest to 0.1.0 confirm 0.2.0", "was=0.0.9", "no-history");
    check_rollback("latest to 0.1.0 confirm 0.1.0", "", "MOVE 0.1.0");
    check_rollback("latest to 0.0.8", "was=0.0.8", "version-missing");
    check_rollback("latest to 0.2.0-rc.1", "was=0.2.0-rc.1", "prerelease-latest");
    check_rollback("latest to 0.2.0", "was=0.2.0", "not-down");
    check_rollback("next to 0.2.0-rc.1", "", "MOVE 0.2.0-rc.1");
    check_rollback("next to 0.2.0-my-fix.1", "was=0.2.0-my-fix.1", "channel-mismatch");
    check_rollback("branch-my-fix", "", "tag-missing");
    check_rollback("v1 to latest", "", "tag-is-range version-invalid");
    // A confirmation waives the history and never the direction.
    check_rollback("latest to 0.2.0 confirm 0.2.0", "", "not-down");
    check_rollback("latest from 0.1.0 to 0.2.0 confirm 0.2.0", "", "tag-moved");
}

#[test]
fn without_a_target_the_last_good_version_is_taken() {
    check_rollback("latest", "was=0.2.0 was=0.1.0 was=0.0.9", "MOVE 0.1.0");
    check_rollback("latest", "was=0.1.0 was=0.0.9 left=0.1.0", "MOVE 0.0.9");
    check_rollback("latest", "git=0.0.9", "MOVE 0.0.9");
    check_rollback("latest", "page=0.0.9", "MOVE 0.0.9");
    check_rollback("latest", "git=0.0.9 page=0.1.0", "MOVE 0.1.0");
    check_rollback("latest", "page=0.0.9 page=0.1.0 left=0.1.0", "MOVE 0.0.9");
    check_rollback("latest", "page=0.0.8", "no-history");
    check_rollback("latest", "was=0.3.0", "no-history");
    check_rollback("latest", "", "no-history");
    check_rollback("next", "", "MOVE 0.2.0-rc.1");
}

#[test]
fn a_named_broken_version_makes_a_rollback_repeatable() {
    check_rollback("latest from 0.2.0", "was=0.1.0", "MOVE 0.1.0");
    check_rollback("latest from 0.3.0", "was=0.1.0", "DONE 0.2.0");
    check_rollback("latest from 0.3.0 to 0.1.0", "was=0.1.0", "MOVE 0.1.0");
    check_rollback("latest from 0.1.0", "was=0.0.9", "tag-moved");
    // What was released after the tag's version may have been rolled back from another clone.
    check_rollback("latest", "was=0.1.0 git=0.2.0", "MOVE 0.1.0");
    let lower = package("0.1.0 0.2.0 0.3.0 latest=0.2.0 next=0.3.0");
    let witnesses = Witnesses {
        receipts: vec!["0.1.0".into()],
        released: released(&["0.3.0".to_owned()], &[]),
        ..Witnesses::default()
    };
    let mut request = RollbackRequest {
        tag: "latest",
        from: None,
        to: None,
        confirmed: None,
        witnesses: &witnesses,
        commands: &PLAIN,
    };
    let refused = rollback(&request, &lower).unwrap_err();
    assert_eq!(refused.refusals[0].code.name(), "broken-unnamed");
    assert_eq!(
        refused.next.command,
        "cargo xtask rollback --tag latest --from 0.2.0"
    );
    request.from = Some("0.2.0");
    assert_eq!(rollback(&request, &lower).unwrap().version, "0.1.0");
}

#[test]
fn three_rollbacks_in_a_row_move_the_tag_once() {
    let before = package("0.1.0 0.2.0 0.3.0 latest=0.3.0 next=0.3.0");
    let after = package("0.1.0 0.2.0 0.3.0 latest=0.2.0 next=0.3.0");
    let mut witnesses = Witnesses {
        receipts: vec!["0.3.0".into(), "0.2.0".into(), "0.1.0".into()],
        ..Witnesses::default()
    };
    let run = |witnesses: &Witnesses, registry: &RegistryState| {
        let request = RollbackRequest {
            tag: "latest",
            from: None,
            to: None,
            confirmed: None,
            witnesses,
            commands: &PLAIN,
        };
        rollback(&request, registry).unwrap()
    };
    assert_eq!(run(&witnesses, &before).version, "0.2.0");
    witnesses.last_rollback = Some(PastRollback {
        broken: "0.3.0".into(),
        to: "0.2.0".into(),
    });
    witnesses.withdrawn = vec!["0.3.0".into()];
    for _ in 0..2 {
        let again = run(&witnesses, &after);
        assert_eq!((again.work, again.version.as_str()), (Work::Nothing, "0.2.0"));
    }
}

#[test]
fn acceptances_open_their_own_rule_only() {
    let integrity = Integrity(OURS.into());
    let mut candidate = request("0.1.0-rc.0", "next", &integrity);
    assert_eq!(
        codes(&publish(&candidate, &RegistryState::NoPackage)),
        "first-publish-latest"
    );
    candidate.trust_downgrade = TrustDowngrade::Accepted;
    assert_eq!(
        codes(&publish(&candidate, &RegistryState::NoPackage)),
        "first-publish-latest"
    );
    candidate.first_latest = FirstLatest::Accepted;
    let plan = publish(&candidate, &RegistryState::NoPackage).unwrap();
    assert_eq!(plan.tags_after["latest"], "0.1.0-rc.0");

    let attested = package("0.1.0-rc.0+attested latest=0.1.0-rc.0 next=0.1.0-rc.0");
    let mut next = request("0.1.0-rc.1", "next", &integrity);
    next.first_latest = FirstLatest::Accepted;
    assert_eq!(codes(&publish(&next, &attested)), "trust-downgrade");
    next.trust_downgrade = TrustDowngrade::Accepted;
    assert_eq!(codes(&publish(&next, &attested)), "PUBLISH");
    next.trust_downgrade = TrustDowngrade::Refused;
    next.provenance = Provenance::Attested;
    assert_eq!(codes(&publish(&next, &attested)), "PUBLISH");
}

#[test]
fn a_number_is_taken_once() {
    let integrity = Integrity(OURS.into());
    for (words, expected) in [
        ("0.1.0-rc.0 latest=0.1.0-rc.0 next=0.1.0-rc.0", "DONE"),
        ("0.1.0-rc.0 0.1.0 latest=0.1.0-rc.0 next=0.1.0", "DONE"),
        ("0.1.0-rc.0 latest=0.1.0-rc.0", "below-latest"),
        (
            "0.1.0-rc.0!other latest=0.1.0-rc.0 next=0.1.0-rc.0",
            "number-taken",
        ),
        (
            "0.1.0-rc.0? latest=0.1.0-rc.0 next=0.1.0-rc.0",
            "registry-inconsistent",
        ),
        ("0.0.1 ~0.1.0-rc.0 latest=0.0.1", "number-burned"),
        ("0.0.1", "registry-inconsistent"),
    ] {
        assert_eq!(
            codes(&publish(
                &request("0.1.0-rc.0", "next", &integrity),
                &package(words)
            )),
            expected,
            "{words}"
        );
    }
}

#[test]
fn without_a_tarball_only_a_free_number_is_judged() {
    let integrity = Integrity(OURS.into());
    let mut request = request("0.1.1", "next", &integrity);
    request.integrity = None;
    let registry = "0.1.0 latest=0.1.0 next=0.1.0";
    assert_eq!(codes(&publish(&request, &package(registry))), "PUBLISH");
    request.version = "0.1.0";
    let refused = publish(&request, &package(registry)).unwrap_err();
    assert_eq!(refused.refusals[0].code.name(), "number-uncompared");
    let number = refused
        .rules
        .iter()
        .find(|result| result.rule == Rule::NumberFree)
        .unwrap();
    assert_eq!(number.state, RuleState::Refused);
}

#[test]
fn the_gravest_refusal_decides_the_class() {
    let integrity = Integrity(OURS.into());
    let class = |version, tag, registry: &RegistryState| {
        publish(&request(version, tag, &integrity), registry)
            .map_err(|refused| refused.class())
            .unwrap_err()
    };
    let unknown = RegistryState::Unknown("timeout".into());
    assert_eq!(
        class("0.1.0-rc.0", "latest", &RegistryState::NoPackage),
        RefusalClass::Policy
    );
    assert_eq!(class("0.1.0-rc.0", "latest", &unknown), RefusalClass::Registry);
    let taken = package("0.1.0-rc.0!other latest=0.1.0-rc.0");
    assert_eq!(class("0.1.0-rc.0", "latest", &taken), RefusalClass::Integrity);
    let inconsistent = package("0.0.1");
    assert_eq!(
        class("0.1.0-rc.0", "latest", &inconsistent),
        RefusalClass::Registry
    );
    let promotion = PromoteRequest {
        provenance: ProvenanceVerdict::NotRequired,
        from: "next",
        to: "latest",
        proof: Some(PublishedProof::Served {
            version: "0.2.0".into(),
            integrity: Integrity("sha512-theirs".into()),
        }),
        trust_downgrade: TrustDowngrade::Refused,
        commands: &PLAIN,
    };
    let mismatch = promote(&promotion, &package("0.1.0 0.2.0 latest=0.1.0 next=0.2.0"));
    assert_eq!(mismatch.unwrap_err().class(), RefusalClass::Integrity);
}

#[test]
fn unknown_facts_leave_the_rules_named_that_were_not_checked() {
    let integrity = Integrity(OURS.into());
    let unknown = RegistryState::Unknown("connection refused".into());
    let refused = publish(&request("0.1.0-rc.0", "next", &integrity), &unknown).unwrap_err();
    let lines: Vec<String> = refused.rules.iter().map(|result| result.line()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    passed: the tag is one of this project's and not a version range
    passed: the version's channel and the policy allow the tag
    refused: the registry's facts are known and consistent
    not checked: the number is free, or has these very bytes (the registry's facts are not known)
    not checked: no tag moves backwards (the registry's facts are not known)
    not checked: latest does not become a prerelease (the registry's facts are not known)
    not checked: provenance is not lost (the registry's facts are not known)
    ");
    assert_eq!(
        refused.refusals[0].reason,
        "the registry's facts are not known: connection refused"
    );
}
