//! Cases that one condition of a rule decides alone.

use ktx_policy::guard::{Decision, Refused, Work};

use super::twins::{Case, judge};

const LINES: &str = "1.0.0 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2";
const RELEASED: &str = "0.0.9 0.1.0 0.2.0-rc.1 0.2.0 latest=0.2.0 next=0.2.0";

fn word(verdict: &Result<Decision, Refused>) -> String {
    match verdict {
        Ok(plan) => match plan.work {
            Work::Publish => "publish".to_owned(),
            Work::MoveTag => format!("to {}", plan.version),
            Work::Nothing => "nothing".to_owned(),
        },
        Err(refused) => {
            let codes = refused.refusals.iter().map(|refusal| refusal.code.name());
            codes.collect::<Vec<_>>().join(" ")
        }
    }
}

#[track_caller]
fn check(case: Case, expected: &str) {
    assert_eq!(word(&judge(case)), expected, "{case:?}");
}

#[test]
fn a_tag_on_what_is_no_version_is_inconsistent() {
    check(
        ("publish 0.2.0 next", "01.0.0 latest=01.0.0"),
        "registry-inconsistent",
    );
}

#[test]
fn a_lane_goes_above_every_number_that_its_line_has_used() {
    check(("publish 1.0.1 release-1.0", LINES), "publish");
    let removed = "1.0.0 ~1.0.2 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2";
    check(("publish 1.0.1 release-1.0", removed), "tag-backwards");
    let of_a_branch = "1.0.0 1.0.2-my-fix.1 1.1.0-rc.2 latest=1.0.0 next=1.1.0-rc.2";
    check(("publish 1.0.1 release-1.0", of_a_branch), "publish");
}

#[test]
fn nothing_is_promoted_to_a_lane_nor_by_the_smoke_of_another_version() {
    let lane = "1.0.0 1.0.1 1.1.0 latest=1.0.1 next=1.1.0 release-1.0=1.0.0";
    check(
        ("promote latest release-1.0 proof=1.0.1", lane),
        "channel-mismatch",
    );
    let waiting = "0.1.0 0.2.0 latest=0.1.0 next=0.2.0";
    check(("promote next latest smoked=0.2.0", waiting), "proof-mismatch");
    check(("promote next latest smoked=0.1.0", waiting), "not-proven");
}

#[test]
fn a_rollback_goes_below_what_is_there_to_what_is_offered() {
    let between = "0.1.0 0.2.0 0.2.5 0.3.0 latest=0.2.0 next=0.3.0";
    check(
        ("rollback latest from=0.3.0 to=0.2.5 was=0.2.5", between),
        "not-down",
    );
    check(
        ("rollback latest from=0.3.0 to=0.1.0 was=0.1.0", between),
        "to 0.1.0",
    );
    let deprecated = "0.0.9 0.1.0!deprecated 0.2.0 latest=0.2.0 next=0.2.0";
    check(("rollback latest to=0.1.0 was=0.1.0", deprecated), "deprecated");
    check(("rollback latest was=0.1.0 was=0.0.9", deprecated), "to 0.0.9");
}

#[test]
fn the_target_and_the_broken_version_are_those_of_the_tag() {
    check(("rollback latest was=0.2.0-rc.1 was=0.1.0", RELEASED), "to 0.1.0");
    // What is higher and never was under the tag says nothing about it.
    let waiting = "0.1.0 0.2.0 0.3.0 latest=0.2.0 next=0.3.0";
    check(("rollback latest was=0.1.0", waiting), "to 0.1.0");
    check(("rollback latest was=0.1.0 back=0.2.0", RELEASED), "nothing");
    check(("rollback latest was=0.1.0 back=0.0.9", RELEASED), "to 0.1.0");
}

#[test]
fn a_git_tag_is_evidence_only_of_a_version_that_the_registry_has_for_the_tag() {
    check(("rollback latest to=0.1.0 git=0.1.0", RELEASED), "to 0.1.0");
    check(
        ("rollback latest to=0.0.8 git=0.0.8", RELEASED),
        "version-missing no-history",
    );
    check(
        ("rollback latest to=0.2.0-rc.1 git=0.2.0-rc.1", RELEASED),
        "prerelease-latest no-history",
    );
}
