//! What a refusal tells: what would have come of it, and the command that would be right.

use ktx_policy::guard::{
    Commands, Integrity, Plan, PromoteRequest, PublishRequest, Refused, RegistryState, TrustDowngrade,
    promote, publish,
};

use super::states::{OURS, package, request};

#[test]
fn a_refusal_shows_what_would_have_come_of_it() {
    let integrity = Integrity(OURS.into());
    let registry = package("0.1.0 latest=0.1.0 next=0.1.0");
    let latest = publish(&request("0.2.0-rc.0", "latest", &integrity), &registry).unwrap_err();
    assert_eq!(latest.foreseen.tags_before.as_ref().unwrap()["latest"], "0.1.0");
    assert_eq!(
        latest.foreseen.tags_after.as_ref().unwrap()["latest"],
        "0.2.0-rc.0"
    );
    let range = publish(&request("0.2.0-rc.0", "v1", &integrity), &registry).unwrap_err();
    assert_eq!(range.foreseen.tags_before.as_ref().unwrap()["latest"], "0.1.0");
    assert_eq!(range.foreseen.tags_after, None);
    let unknown = RegistryState::Unknown("connection refused".into());
    let unknown = publish(&request("0.2.0", "next", &integrity), &unknown).unwrap_err();
    assert_eq!(unknown.foreseen.tags_before, None);
}

/// The first refusal's way out.
fn command(verdict: &Result<Plan, Refused>) -> &str {
    &verdict.as_ref().unwrap_err().refusals[0].command
}

#[test]
fn the_way_out_fits_the_version_the_policy_and_the_place() {
    let integrity = Integrity(OURS.into());
    let commands = Commands {
        registry: " --registry R".into(),
        artifacts: " --artifacts A".into(),
        smoke: " --registry R".into(),
        npm: " --registry=R".into(),
    };
    let publish = |version: &str, tag: &str, policy_tag: &str, words: &str| {
        let request = PublishRequest {
            policy_tag,
            commands: &commands,
            ..request(version, tag, &integrity)
        };
        command(&publish(&request, &package(words))).to_owned()
    };
    let stable = "0.1.0 latest=0.1.0 next=0.1.0";
    for (version, tag, policy_tag, words, expected) in [
        (
            "0.2.0-rc.0",
            "v1",
            "next",
            stable,
            "cargo xtask publish --tag next --registry R --artifacts A",
        ),
        (
            "0.2.0",
            "beta",
            "latest",
            stable,
            "cargo xtask publish --tag latest --registry R --artifacts A",
        ),
        (
            "0.2.0-my-fix.1",
            "next",
            "next",
            stable,
            "cargo xtask publish --tag branch-my-fix --registry R --artifacts A",
        ),
        (
            "0.2.0-rc.0",
            "latest",
            "latest",
            stable,
            "cargo xtask publish --tag next --registry R --artifacts A",
        ),
        (
            "0.2.0",
            "latest",
            "next",
            stable,
            "cargo xtask promote --from next --to latest --registry R --artifacts A",
        ),
        (
            "0.1.0-rc.9",
            "next",
            "next",
            stable,
            "cargo xtask version next --channel rc --registry R",
        ),
        (
            "0.1.0",
            "next",
            "next",
            "0.1.0!other latest=0.1.0 next=0.1.0",
            "cargo xtask version next --channel stable --registry R",
        ),
        (
            "0.1.0",
            "next",
            "next",
            "0.1.0 latest=0.1.0",
            "npm dist-tag add @kaelio/ktx@0.1.0 next --registry=R",
        ),
        (
            "0.1.0",
            "next",
            "next",
            "0.1.0 latest=0.2.0",
            "npm dist-tag ls @kaelio/ktx --registry=R",
        ),
        (
            "0.1.0",
            "latest",
            "latest",
            "0.0.9 0.1.0 latest=0.0.9",
            "npm dist-tag add @kaelio/ktx@0.1.0 latest --registry=R",
        ),
        (
            "0.1.0",
            "latest",
            "latest",
            "0.0.9 0.1.0 latest=0.0.9 next=0.1.0",
            "cargo xtask promote --from next --to latest --registry R --artifacts A",
        ),
    ] {
        assert_eq!(
            publish(version, tag, policy_tag, words),
            expected,
            "{version} {tag}"
        );
    }
    let promotion = PromoteRequest {
        from: "next",
        to: "latest",
        proof: None,
        trust_downgrade: TrustDowngrade::Refused,
        commands: &commands,
    };
    let verdict = promote(&promotion, &package("0.1.0 0.2.0 latest=0.1.0 next=0.2.0"));
    assert_eq!(
        command(&verdict),
        "cargo xtask smoke --package @kaelio/ktx@0.2.0 --registry R"
    );
}
