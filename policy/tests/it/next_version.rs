//! The number that `cargo xtask version next` proposes.

use ktx_policy::{BranchSlug, Bump, NextChannel, ReleaseVersion, ReleasedVersions, next_version};

#[track_caller]
fn check(workspace: &str, git: &str, registry: &str, channel: &str, expected: &str) {
    check_with_pages(workspace, git, registry, "", channel, expected);
}

#[track_caller]
fn check_with_pages(workspace: &str, git: &str, registry: &str, pages: &str, channel: &str, expected: &str) {
    let versions = |text: &str| -> Vec<ReleaseVersion> {
        text.split_whitespace()
            .map(|version| version.parse().unwrap())
            .collect()
    };
    let released = ReleasedVersions {
        git: versions(git),
        registry: versions(registry),
        pages: versions(pages),
    };
    let channel = match channel {
        "stable" => NextChannel::Stable,
        "0.1" => NextChannel::Lane("0.1".parse().unwrap()),
        "rc" => NextChannel::Candidate,
        branch => NextChannel::Branch(BranchSlug::of_branch(branch).unwrap()),
    };
    let next = next_version(&workspace.parse().unwrap(), &released, &channel, Bump::Patch);
    let said = next.map_or_else(|error| error.to_string(), |version| version.to_string());
    assert_eq!(said, expected);
}

#[test]
fn before_the_first_release_the_workspace_has_the_number() {
    check("0.1.0-rc.0", "", "", "rc", "0.1.0-rc.0");
    check("0.1.0-rc.0", "", "", "stable", "0.1.0");
    check("0.1.0-rc.0", "", "", "my/Fix", "0.1.0-my-fix.0");
    check("0.1.0", "", "", "stable", "0.1.0");
    check("0.1.0", "", "", "rc", "0.1.0-rc.0");
}

#[test]
fn a_released_number_is_followed_by_the_next() {
    check("0.1.0-rc.0", "0.1.0-rc.0", "0.1.0-rc.0", "rc", "0.1.0-rc.1");
    check("0.1.0-rc.3", "0.1.0-rc.0", "0.1.0-rc.0", "rc", "0.1.0-rc.3");
    check(
        "0.1.0-rc.1",
        "0.1.0-rc.0 0.1.0-rc.1",
        "0.1.0-rc.1 0.1.0-rc.0",
        "stable",
        "0.1.0",
    );
    check("0.1.0", "0.1.0", "0.1.0", "stable", "0.1.1");
    check("0.1.0", "0.1.0", "0.1.0", "rc", "0.1.1-rc.0");
    check(
        "0.1.0",
        "0.1.0",
        "0.1.0 0.1.1-my-fix.4",
        "my-fix",
        "0.1.1-my-fix.5",
    );
    check("0.1.0-my-fix.2", "", "0.1.0-my-fix.2", "my-fix", "0.1.0-my-fix.3");
}

#[test]
fn disagreement_stops_the_proposal() {
    check(
        "0.1.0",
        "0.2.0",
        "0.1.0",
        "rc",
        "the git tags end at 0.2.0, the registry at 0.1.0",
    );
    check(
        "0.1.0",
        "",
        "0.1.0",
        "rc",
        "the git tags end at nothing, the registry at 0.1.0",
    );
    check(
        "0.1.0",
        "0.1.0",
        "",
        "stable",
        "the git tags end at 0.1.0, the registry at nothing",
    );
    check(
        "0.1.0",
        "0.2.0",
        "0.2.0",
        "stable",
        "the workspace is at 0.1.0, but 0.2.0 has been released",
    );
    check(
        "0.1.0-beta",
        "",
        "",
        "rc",
        "the workspace is at 0.1.0-beta, which fits no release channel",
    );
    check(
        "0.1.0-rc.18446744073709551615",
        "0.1.0-rc.18446744073709551615",
        "0.1.0-rc.18446744073709551615",
        "rc",
        "no number is left after 0.1.0-rc.18446744073709551615",
    );
}

#[test]
fn features_and_breaking_changes_raise_the_minor_number() {
    for (subjects, bump) in [
        (&["fix: a", "Mend the lock"][..], Bump::Patch),
        (&[], Bump::Patch),
        (&["fix: a", "feat: b"], Bump::Minor),
        (&["feat(cli): b"], Bump::Minor),
        (&["fix!: b"], Bump::Minor),
        (&["feature: b"], Bump::Minor),
        (&["Mend it!: b"], Bump::Patch),
        (&["features: b"], Bump::Patch),
    ] {
        assert_eq!(Bump::of_commits(subjects.iter().copied()), bump, "{subjects:?}");
    }
    let released = || ReleasedVersions {
        git: vec!["0.1.4".parse().unwrap()],
        registry: vec!["0.1.4".parse().unwrap()],
        pages: Vec::new(),
    };
    let next = next_version(
        &"0.1.4".parse().unwrap(),
        &released(),
        &NextChannel::Stable,
        Bump::Minor,
    );
    assert_eq!(next.unwrap().to_string(), "0.2.0");
}

#[test]
fn a_release_page_above_the_registry_stops_the_proposal_too() {
    for (pages, channel, expected) in [
        ("", "rc", "0.1.1-rc.0"),
        ("0.0.9 0.1.0", "rc", "0.1.1-rc.0"),
        ("0.0.9", "stable", "0.1.1"),
        ("0.1.1-my-fix.4", "my-fix", "0.1.1-my-fix.5"),
        (
            "0.1.1-rc.0",
            "rc",
            "the release pages end at 0.1.1-rc.0, the registry at 0.1.0",
        ),
        (
            "0.2.0",
            "stable",
            "the release pages end at 0.2.0, the registry at 0.1.0",
        ),
        (
            "0.1.3",
            "0.1",
            "the release pages end at 0.1.3, the registry at 0.1.0",
        ),
        ("0.2.0", "0.1", "0.1.1"),
    ] {
        check_with_pages("0.1.0", "0.1.0", "0.1.0", pages, channel, expected);
    }
}
