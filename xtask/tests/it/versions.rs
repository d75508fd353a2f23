//! `cargo xtask version` through the built program: what it shows, sets and proposes.

use ktx_fixtures::registry_proxy::Proxy;

use crate::releaser::Releaser;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A checkout whose policy names no registry; another package in its lock file has the same version.
fn checkout() -> Releaser {
    let releaser = Releaser::new(VERSION);
    let manifest =
        format!("[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"{VERSION}\" # the one\n");
    releaser.checkout.write("Cargo.toml", manifest);
    let package =
        |name: &str, more: &str| format!("\n[[package]]\nname = \"{name}\"\nversion = \"{VERSION}\"\n{more}");
    let packages = package("ktx", "") + &package("other", "source = \"elsewhere\"\n");
    releaser
        .checkout
        .write("Cargo.lock", format!("version = 4\n{packages}"));
    releaser.checkout.copy("release-policy.json");
    releaser.checkout.commit();
    releaser
}

#[test]
fn sets_the_version_in_three_places_and_proposes_the_next() {
    let releaser = checkout();
    let git = |arguments: &[&str]| releaser.checkout.git(arguments);
    let run = |arguments: &[&str]| {
        let output = releaser.checkout.xtask(arguments).output().expect("xtask runs");
        let stdout = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.code(), stdout)
    };
    let url = releaser.registry.url().to_string();
    let next = |channel: &str| run(&["version", "next", "--channel", channel, "--registry", &url]);

    assert_eq!(run(&["version", "show"]), (Some(0), VERSION.to_owned()));
    assert_eq!(run(&["version", "set", "1.2"]).0, Some(2));
    assert_eq!(run(&["version", "set", "1.2.3-beta"]).0, Some(3));
    assert_eq!(
        git(&["status", "--porcelain"]),
        "",
        "a refused version touches nothing"
    );
    assert_eq!(run(&["version", "set", "9.0.0-rc.3"]).0, Some(0));
    let changed = git(&["diff", "--numstat"]).replace('\t', " ");
    assert_eq!(changed, "1 1 Cargo.lock\n1 1 Cargo.toml\n1 1 release-policy.json");

    assert_eq!(next("rc"), (Some(0), "9.0.0-rc.3".to_owned()));
    assert_eq!(next("stable"), (Some(0), "9.0.0".to_owned()));
    git(&["tag", "v9.0.0-rc.3"]);
    assert_eq!(
        next("rc").0,
        Some(5),
        "git knows a release, and the registry says that it does not have the package"
    );
    // No configuration of npm turns the question to another registry.
    let canary = Proxy::canary();
    let npmrc = String::from_utf8(releaser.checkout.read(".npmrc")).expect("text");
    let elsewhere = format!("registry={0}\n@kaelio:registry={0}\n", canary.url::<String>());
    releaser.checkout.write(".npmrc", npmrc + &elsewhere);
    assert_eq!(next("rc").0, Some(5));
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
