//! Promotions, rollbacks and acceptances, one row per rule.

use ktx_policy::guard::{
    FirstLatest, Integrity, Plan, PromoteRequest, Provenance, PublishedProof, RefusalClass, Refused,
    RegistryState, RollbackRequest, Rule, TrustDowngrade, Work, promote, publish, rollback,
};

use super::states::{OURS, PLAIN, package, request};

fn codes(verdict: &Result<Plan, Refused>) -> String {
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
    let proof = proven.split_once('@').map(|(integrity, version)| PublishedProof {
        version: version.into(),
        integrity: Integrity(format!("sha512-{integrity}")),
    });
    let request = PromoteRequest {
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

    let proof = Some(PublishedProof {
        version: "0.2.0".into(),
        integrity: Integrity(OURS.into()),
    });
    let mut request = PromoteRequest {
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

#[track_caller]
fn check_rollback(tag: &str, to: &str, history: &str, confirmed: Option<&str>, expected: &str) {
    let registry = package("0.1.0 0.2.0-rc.1 0.2.0 0.2.0-my-fix.1 latest=0.2.0 next=0.2.0");
    let history: Vec<String> = history.split_whitespace().map(str::to_owned).collect();
    let request = RollbackRequest {
        tag,
        to: Some(to),
        history: &history,
        confirmed,
        commands: &PLAIN,
    };
    assert_eq!(codes(&rollback(&request, &registry)), expected);
}

#[test]
fn rolls_back_to_what_the_tag_pointed_at() {
    check_rollback("latest", "0.1.0", "0.1.0", None, "MOVE");
    check_rollback("latest", "0.1.0", "", None, "no-history");
    check_rollback("latest", "0.1.0", "0.0.9", Some("0.2.0"), "no-history");
    check_rollback("latest", "0.1.0", "", Some("0.1.0"), "MOVE");
    check_rollback("latest", "0.2.0", "", None, "DONE");
    check_rollback("latest", "0.0.9", "0.0.9", None, "version-missing");
    check_rollback("latest", "0.2.0-rc.1", "0.2.0-rc.1", None, "prerelease-latest");
    check_rollback("next", "0.2.0-rc.1", "0.2.0-rc.1", None, "MOVE");
    check_rollback(
        "next",
        "0.2.0-my-fix.1",
        "0.2.0-my-fix.1",
        None,
        "channel-mismatch",
    );
    check_rollback(
        "branch-my-fix",
        "0.2.0-my-fix.1",
        "0.2.0-my-fix.1",
        None,
        "tag-missing",
    );
    check_rollback("v1", "latest", "", None, "tag-is-range version-invalid");
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
        ("0.1.0-rc.0 latest=0.1.0-rc.0", "published-elsewhere"),
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
    assert!(refused.unchecked.contains(&Rule::NumberFree));
}

#[test]
fn without_a_version_a_rollback_goes_to_the_last_other_one() {
    let history = ["0.2.0", "0.1.0", "0.0.9"].map(str::to_owned);
    let request = RollbackRequest {
        tag: "latest",
        to: None,
        history: &history,
        confirmed: None,
        commands: &PLAIN,
    };
    let registry = package("0.0.9 0.1.0 0.2.0 latest=0.2.0");
    assert_eq!(rollback(&request, &registry).unwrap().version, "0.1.0");
    let unknown = RollbackRequest {
        history: &[],
        ..request
    };
    assert_eq!(codes(&rollback(&unknown, &registry)), "no-history");
    let unreachable = RegistryState::Unknown("connection refused".into());
    assert_eq!(codes(&rollback(&unknown, &unreachable)), "registry-unknown");
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
        from: "next",
        to: "latest",
        proof: Some(PublishedProof {
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
    let json = serde_json::to_value(&refused).unwrap();
    assert_eq!(json["checked"], serde_json::json!(["tag-grammar", "channel"]));
    assert_eq!(
        json["unchecked"],
        serde_json::json!(["never-backwards", "number-free", "first-publish", "trust"])
    );
    assert_eq!(
        refused.refusals[0].reason,
        "the registry's facts are not known: connection refused"
    );
}
