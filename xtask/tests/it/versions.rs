//! `cargo xtask version` through the built program: what it shows, sets and proposes.

use std::path::Path;
use std::process::Command;

use fs_err as fs;
use ktx_fixtures::registry_proxy::Proxy;

use crate::releasing::{handed_over, xtask};
use crate::support::{LocalRegistry, Release};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A separate checkout: a workspace of one package, the policy, and git.
fn checkout(release: &Release) -> std::path::PathBuf {
    let folder = release.path("checkout");
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("written");
    write(
        "Cargo.toml",
        format!("[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"{VERSION}\" # the one\n"),
    );
    let other = format!("[[package]]\nname = \"other\"\nversion = \"{VERSION}\"\nsource = \"elsewhere\"\n");
    write(
        "Cargo.lock",
        format!("version = 4\n\n[[package]]\nname = \"ktx\"\nversion = \"{VERSION}\"\n\n{other}"),
    );
    write(
        "release-policy.json",
        include_str!("../../../release-policy.json").to_owned(),
    );
    fs::write(
        release.path("gitconfig"),
        "[user]\nname = Releaser\nemail = releaser@example.com\n",
    )
    .expect("written");
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message", "Begin"],
    ] {
        git(&folder, release, arguments);
    }
    folder
}

fn git(folder: &Path, release: &Release, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", release.path("gitconfig"));
    let output = command.output().expect("git runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("git speaks UTF-8")
}

#[test]
fn sets_the_version_in_three_places_and_proposes_the_next() {
    let registry = LocalRegistry::start();
    let (release, _) = handed_over(&registry);
    let folder = checkout(&release);
    let run = |arguments: &[&str]| {
        let output = xtask(&folder, &release, arguments);
        let stdout = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.code(), stdout)
    };
    let url = registry.url().to_string();
    let next = |channel: &str| run(&["version", "next", "--channel", channel, "--registry", &url]);

    assert_eq!(run(&["version", "show"]), (Some(0), VERSION.to_owned()));
    assert_eq!(run(&["version", "set", "1.2"]).0, Some(2));
    assert_eq!(run(&["version", "set", "1.2.3-beta"]).0, Some(3));
    assert_eq!(
        git(&folder, &release, &["status", "--porcelain"]),
        "",
        "a refused version touches nothing"
    );
    assert_eq!(run(&["version", "set", "9.0.0-rc.3"]).0, Some(0));
    let changed = git(&folder, &release, &["diff", "--numstat"]).replace('\t', " ");
    assert_eq!(
        changed,
        "1 1 Cargo.lock\n1 1 Cargo.toml\n1 1 release-policy.json\n"
    );

    assert_eq!(next("rc"), (Some(0), "9.0.0-rc.3".to_owned()));
    assert_eq!(next("stable"), (Some(0), "9.0.0".to_owned()));
    git(&folder, &release, &["tag", "v9.0.0-rc.3"]);
    assert_eq!(
        next("rc").0,
        Some(3),
        "git knows a release that the registry does not"
    );
    // No configuration of npm turns the question to another registry.
    let canary = Proxy::canary();
    release.append_to_npmrc(&format!(
        "registry={0}\n@kaelio:registry={0}\n",
        canary.url::<String>()
    ));
    assert_eq!(next("rc").0, Some(3));
    assert_eq!(canary.requests(), Vec::<String>::new());
    let unreachable = run(&[
        "version",
        "next",
        "--channel",
        "rc",
        "--registry",
        "http://127.0.0.1:9/",
    ]);
    assert_eq!(unreachable.0, Some(5));
}
