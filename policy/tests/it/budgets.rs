//! The gates that look at what changed: the changelog, and the budgets.

use std::collections::BTreeMap;

use ktx_policy::ReleasePolicy;
use ktx_policy::budgets::Sizes;
use ktx_policy::readiness::{Compared, ReadinessFacts, assess};

use super::readiness::{policy, ready};

#[test]
fn a_version_without_a_changelog_is_not_released_unless_it_is_of_a_branch() {
    let shut = |version: &str| {
        let mut facts = ready();
        facts.sources.version = version.parse().unwrap();
        facts.changelog = Err("CHANGELOG.md has no section".into());
        let report = assess(&policy(), &facts);
        let gate = report.gates.iter().find(|gate| gate.name.name() == "changelog");
        gate.unwrap().missing().to_vec()
    };
    assert_eq!(shut("0.1.0-rc.0"), ["CHANGELOG.md has no section"]);
    assert_eq!(shut("0.1.0"), ["CHANGELOG.md has no section"]);
    assert!(shut("0.1.0-my-fix.1").is_empty());
}

#[test]
fn the_gate_of_the_budgets_needs_a_comparison_of_these_very_bytes() {
    let sizes = |tarball: u64, program: u64, files: u64| Sizes {
        tarball,
        programs: BTreeMap::from([("linux-x64".into(), program)]),
        files,
    };
    let with = |after: Sizes| Compared::With {
        version: "0.0.9".into(),
        before: sizes(1000, 100, 10),
        after,
    };
    let shut = |policy: &ReleasePolicy, compared: Compared| {
        let report = assess(policy, &ReadinessFacts { compared, ..ready() });
        let gate = report.gates.iter().find(|gate| gate.name.name() == "budgets");
        gate.unwrap().missing().join("; ")
    };
    for (compared, missing) in [
        (Compared::First, ""),
        (
            Compared::Not,
            "the package was not compared with the last version",
        ),
        (Compared::OtherTarball, "the comparison is about another tarball"),
        (
            Compared::Unreadable("cut".into()),
            "the comparison cannot be used: cut",
        ),
        (with(sizes(1100, 110, 30)), ""),
        (with(sizes(10, 1, 1)), ""),
        (
            with(sizes(1101, 111, 31)),
            "the tarball grew from 1000 to 1101 bytes, over its budget of +10 %; \
             the program for linux-x64 grew from 100 to 111 bytes, over its budget of +10 %; \
             the number of files grew from 10 to 31 files, over its budget of +20",
        ),
    ] {
        assert_eq!(shut(&policy(), compared.clone()), missing);
        let unlimited = ReleasePolicy {
            budgets: None,
            ..policy()
        };
        assert_eq!(shut(&unlimited, compared), "");
    }
}
