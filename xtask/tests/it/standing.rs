//! `cargo xtask status` along a release, from nothing to the version under `latest`: each next command is one that is
//! accepted, and following them releases.

use ktx_fixtures::github::{Github, TOKEN};

use crate::checkout::foreign;
use crate::releaser::Releaser;

fn said(releaser: &Releaser, github: &Github, arguments: &[&str]) -> String {
    let mut command = releaser.checkout.xtask(arguments);
    command
        .env("GITHUB_API_URL", github.url())
        .env("GITHUB_TOKEN", TOKEN);
    let said = releaser.checkout.transcript(command);
    said.replace(releaser.registry.url().as_str(), "https://registry.example/")
        .replace(&github.url(), "https://api.example")
        .replace(foreign().as_str(), "[PLATFORM]")
}

/// The command that the status proposes, as words.
fn next(releaser: &Releaser, github: &Github) -> Vec<String> {
    let said = said(releaser, github, &["status"]);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("next: cargo xtask "));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    let (command, _) = line.split_once(" (").expect("a reason");
    command.split(' ').map(str::to_owned).collect()
}

macro_rules! snapshot {
    ($text:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[TIME]"),
        ]}, { insta::assert_snapshot!($text, @$expected) })
    };
}

/// Runs what the status proposes until it proposes the next version; the commands that were proposed.
fn follow(releaser: &Releaser, github: &Github, version: &str) -> String {
    let mut commands = Vec::new();
    for _ in 0..8 {
        let mut words = next(releaser, github);
        commands.push(words.join(" "));
        match words[0].as_str() {
            "smoke" => {
                releaser.prove_published(version);
                continue;
            }
            "version" => break,
            _ => words.push("--execute".to_owned()),
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = said(releaser, github, &words);
        assert!(outcome.starts_with("exit 0\n"), "{words:?}: {outcome}");
    }
    let commands = commands.join("\n");
    commands.replace(releaser.registry.url().as_str(), "https://registry.example/")
}

#[test]
fn the_next_command_is_accepted_and_leads_to_the_end() {
    let releaser = Releaser::new("0.1.0");
    let origin = releaser.origin();
    let github = Github::start(origin.path());
    snapshot!(said(&releaser, &github, &["status"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx on https://registry.example/
    nothing is published
    workspace: 0.1.0
    next: cargo xtask publish --tag next (0.1.0 is not published)
    --- stderr
    ");
    releaser.build("0.1.0");
    releaser.prove();
    insta::assert_snapshot!(follow(&releaser, &github, "0.1.0"), @r"
    publish --tag next
    announce
    version next --channel rc
    ");
    snapshot!(said(&releaser, &github, &["status"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx on https://registry.example/
    latest  0.1.0, published [TIME]
    next    0.1.0, published [TIME]
    0.1.0: git tag, release page
    workspace: 0.1.0
    next: cargo xtask version next --channel rc (0.1.0 is out, announced and under latest)
    --- stderr
    ");
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    releaser.publish("0.1.1");
    snapshot!(said(&releaser, &github, &["status"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx on https://registry.example/
    latest  0.1.0, published [TIME]
    next    0.1.1, published [TIME]
    0.1.0: git tag, release page
    0.1.1: no git tag, no release page
    workspace: 0.1.1
    unfinished: 0.1.1 is published, and this checkout has no tag v0.1.1
    unfinished: 0.1.1 is published, and has no release page
    next: cargo xtask announce (0.1.1 is published, and not yet announced)
    --- stderr
    ");
    insta::assert_snapshot!(follow(&releaser, &github, "0.1.1"), @r"
    announce
    smoke --package @kaelio/ktx@0.1.1 --registry https://registry.example/
    promote --from next --to latest
    version next --channel rc
    ");
    snapshot!(said(&releaser, &github, &["status"]), @r"
    exit 0
    --- stdout
    @kaelio/ktx on https://registry.example/
    latest  0.1.1, published [TIME]
    next    0.1.1, published [TIME]
    0.1.0: git tag, release page
    0.1.1: git tag, release page
    workspace: 0.1.1
    next: cargo xtask version next --channel rc (0.1.1 is out, announced and under latest)
    --- stderr
    ");

    // A clone without tags lacks them, and nothing else.
    releaser.checkout.git(&["tag", "--delete", "v0.1.0", "v0.1.1"]);
    let fresh = said(&releaser, &github, &["status"]);
    let fetch = "next: git fetch --tags (0.1.1 is announced, and this checkout has no tag v0.1.1)\n";
    assert!(fresh.contains(fetch), "{fresh}");
    releaser.checkout.git(&["fetch", "--quiet", "--tags", "origin"]);
    assert_eq!(next(&releaser, &github).join(" "), "version next --channel rc");

    // A tag without a version, and a page that is not to be seen.
    releaser.checkout.git(&["tag", "v0.0.9"]);
    drop(github);
    let mut command = releaser.checkout.xtask(&["status"]);
    command.env("GITHUB_API_URL", "http://127.0.0.1:9");
    let alone = releaser.checkout.transcript(command);
    assert!(
        alone.contains("unfinished: v0.0.9 is tagged, and the registry does not have 0.0.9"),
        "{alone}"
    );
    assert!(
        alone.contains("not known: release pages: failed to ask"),
        "{alone}"
    );
    releaser.checkout.git(&["tag", "--delete", "v0.1.1"]);
    let mut command = releaser.checkout.xtask(&["status"]);
    command.env("GITHUB_API_URL", "http://127.0.0.1:9");
    let alone = releaser.checkout.transcript(command);
    assert!(
        alone.contains("(0.1.1 is published, and whether it is announced is not known)"),
        "{alone}"
    );
    let mut command = releaser.checkout.xtask(&["status", "--json"]);
    command.env("GITHUB_API_URL", "http://127.0.0.1:9");
    let json = releaser.checkout.transcript(command);
    assert!(
        json.contains("\"next\": {\n    \"command\": \"cargo xtask"),
        "{json}"
    );
}

/// The version is set, and built and proven where it is to be published.
fn prepare(releaser: &Releaser, version: &str) {
    releaser.checkout.build(&["version", "set", version]);
    releaser.build(version);
    releaser.prove();
}

#[test]
fn a_fix_of_an_older_line_is_led_under_its_own_tag_to_the_end() {
    let releaser = Releaser::new("1.0.0");
    let origin = releaser.origin();
    let github = Github::start(origin.path());
    let take = |version: &str| {
        prepare(&releaser, version);
        follow(&releaser, &github, version)
    };
    take("1.0.0");
    take("1.1.0-rc.0");
    releaser.change_policy(|policy| policy["npm"]["lanes"] = serde_json::json!(["1.0"]));
    insta::assert_snapshot!(take("1.0.1"), @r"
    publish --tag release-1.0
    announce
    smoke --package @kaelio/ktx@1.0.1 --registry https://registry.example/
    promote --from release-1.0 --to latest
    version next --lane 1.0
    ");
    take("1.1.0");
    releaser.checkout.build(&["version", "set", "1.0.1"]);
    assert_eq!(next(&releaser, &github).join(" "), "version next --lane 1.0");
    prepare(&releaser, "1.0.2");
    insta::assert_snapshot!(follow(&releaser, &github, "1.0.2"), @r"
    publish --tag release-1.0
    announce
    version next --lane 1.0
    ");
}
