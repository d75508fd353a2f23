//! Every verdict of the guard over versions × tags × registry states, under a policy with `next` and one with `latest`.

use std::collections::BTreeMap;
use std::fmt::Write;

use ktx_policy::ReleaseVersion;
use ktx_policy::guard::{Decision, Integrity, Refused, RegistryState, RuleState, Work, publish};

use super::states::{OURS, package, request};

const VERSIONS: [&str; 14] = [
    "0.1.0-rc.0",
    "0.1.0-rc.1",
    "0.1.0",
    "0.1.1",
    "0.2.0-rc.0",
    "0.2.0-my-fix.1",
    "1.0.0",
    "1.0.1",
    "1.1.0-rc.2",
    "1.1.0",
    "0.2.0-beta",
    "0.2.0+build",
    "01.0.0",
    "",
];

const TAGS: [&str; 9] = [
    "latest",
    "next",
    "branch-my-fix",
    "branch-other",
    "release-1.0",
    "release-1.1",
    "beta",
    "^1",
    "Latest",
];

pub fn states() -> Vec<(&'static str, RegistryState)> {
    vec![
        ("unreachable", RegistryState::Unknown("connection refused".into())),
        (
            "unreadable",
            RegistryState::Unknown("the answer is not JSON".into()),
        ),
        ("no package", RegistryState::NoPackage),
        ("every version removed", package("~0.1.0-rc.0")),
        (
            "first candidate became latest",
            package("0.1.0-rc.0 latest=0.1.0-rc.0 next=0.1.0-rc.0"),
        ),
        (
            "second candidate on next",
            package("0.1.0-rc.0 0.1.0-rc.1 latest=0.1.0-rc.0 next=0.1.0-rc.1"),
        ),
        (
            "stable on next",
            package("0.1.0-rc.0 0.1.0 latest=0.1.0-rc.0 next=0.1.0"),
        ),
        (
            "stable on latest",
            package("0.1.0-rc.0 0.1.0 latest=0.1.0 next=0.1.0"),
        ),
        (
            "stable on latest, candidate on next",
            package("0.1.0 0.2.0-rc.0 latest=0.1.0 next=0.2.0-rc.0"),
        ),
        (
            "other bytes under our numbers",
            package("0.1.0-rc.0!other 0.1.0!other latest=0.1.0 next=0.1.0"),
        ),
        (
            "candidate removed",
            package("0.1.0-rc.0 ~0.1.0-rc.1 latest=0.1.0-rc.0 next=0.1.0-rc.0"),
        ),
        (
            "provenance before",
            package("0.1.0-rc.0+attested latest=0.1.0-rc.0 next=0.1.0-rc.0"),
        ),
        (
            "branch prerelease",
            package("0.1.0 0.2.0-my-fix.1 latest=0.1.0 branch-my-fix=0.2.0-my-fix.1"),
        ),
        (
            "the main line left 1.0 behind",
            package("1.0.0 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2"),
        ),
        (
            "1.0 has a fix",
            package("1.0.0 1.0.1 1.1.0 latest=1.1.0 next=1.1.0 release-1.0=1.0.1"),
        ),
        (
            "two publications crossed",
            package("0.1.0 0.1.1 0.2.0-rc.0 latest=0.1.0 next=0.1.1"),
        ),
        (
            "tag points at nothing",
            package("0.1.0-rc.0 latest=0.1.0-rc.0 next=0.1.0-rc.9"),
        ),
    ]
}

#[test]
fn every_verdict_is_the_recorded_one() {
    let mut table = String::new();
    for policy_tag in ["next", "latest"] {
        for (name, registry) in states() {
            writeln!(table, "\npolicy {policy_tag}, {name}").unwrap();
            for (verdict, cases) in verdicts(&registry, policy_tag) {
                writeln!(table, "  {verdict}: {}", cases.join(", ")).unwrap();
            }
        }
    }
    insta::assert_snapshot!("verdicts", table);
}

#[test]
fn a_tag_is_behind_only_what_may_go_under_it() {
    let integrity = Integrity(OURS.into());
    for (words, expected) in [
        ("0.1.1 0.2.0 latest=0.1.1 next=0.1.1", "tag-behind"),
        // `next` never goes to what is not above `latest`, so there is nothing that it could be moved up to.
        ("0.1.1 0.2.0 0.3.0 latest=0.3.0 next=0.1.1", "DONE"),
        ("0.1.1 0.2.0 0.3.0-rc.0 latest=0.2.0 next=0.1.1", "tag-behind"),
        ("0.1.1 0.2.0!deprecated latest=0.1.1 next=0.1.1", "DONE"),
    ] {
        let verdict = publish(&request("0.1.1", "next", &integrity), &package(words));
        assert_eq!(word(&verdict), expected, "{words}");
    }
}

/// Verdicts with the cases that have them.
fn verdicts(registry: &RegistryState, policy_tag: &str) -> BTreeMap<String, Vec<String>> {
    let integrity = Integrity(OURS.into());
    let mut verdicts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for version in VERSIONS {
        for tag in TAGS {
            let mut request = request(version, tag, &integrity);
            request.policy_tag = policy_tag;
            let verdict = publish(&request, registry);
            holds_what_every_verdict_must(version, tag, registry, &verdict);
            verdicts
                .entry(word(&verdict))
                .or_default()
                .push(format!("{version:?}→{tag}"));
        }
    }
    verdicts
}

fn word(verdict: &Result<Decision, Refused>) -> String {
    match verdict {
        Ok(plan) if plan.work == Work::Nothing => "DONE".into(),
        Ok(plan) if plan.work == Work::MoveTag => "MOVE".into(),
        Ok(_) => "PUBLISH".into(),
        Err(refused) => refused
            .refusals
            .iter()
            .map(|refusal| refusal.code.name())
            .collect::<Vec<_>>()
            .join(" + "),
    }
}

/// What holds for every cell, said without the guard's own code.
#[track_caller]
fn holds_what_every_verdict_must(
    version: &str,
    tag: &str,
    registry: &RegistryState,
    verdict: &Result<Decision, Refused>,
) {
    let plan = match verdict {
        Ok(plan) => plan,
        Err(refused) => {
            assert!(!refused.refusals.is_empty(), "a refusal has a reason");
            let refusing = refused
                .rules
                .iter()
                .filter(|result| result.state == RuleState::Refused);
            assert!(
                refusing
                    .map(|result| result.rule)
                    .all(|rule| refused.refusals.iter().any(|refusal| refusal.rule == rule)),
                "each refused rule has a refusal"
            );
            for refusal in &refused.refusals {
                let result = refused.rules.iter().find(|result| result.rule == refusal.rule);
                assert_eq!(result.unwrap().state, RuleState::Refused, "{refusal:?}");
            }
            return;
        }
    };
    assert!(
        ["latest", "next", "branch-my-fix", "release-1.0"].contains(&tag),
        "{tag}"
    );
    assert!(
        !matches!(registry, RegistryState::Unknown(_)),
        "nothing is planned on unknown facts"
    );
    assert!(plan.rules.iter().all(|result| result.state != RuleState::Refused));
    for (name, before) in &plan.tags_before {
        let after = &plan.tags_after[name];
        let parse = |text: &str| text.parse::<ReleaseVersion>().unwrap();
        assert!(
            after == before || parse(after).is_above(&parse(before)),
            "{name} moved down to {after}"
        );
        assert!(
            after == before || name == tag,
            "{name} moved although {tag} was asked for"
        );
    }
    if plan.work == Work::Publish {
        assert_eq!(plan.tags_after[tag], version);
    }
    if tag == "latest" {
        assert!(!version.contains('-'), "a prerelease on latest");
    }
}
