//! The commands that release, through the built program: transcripts, exit codes, and the files they touch.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::support::{LocalRegistry, Release, tags};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs xtask outside of any checkout unless `folder` is one.
fn xtask(folder: &Path, release: &Release, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(&release.environment)
        .env("GIT_CONFIG_GLOBAL", release.path("gitconfig"))
        .output()
        .expect("xtask runs")
}

/// Exit code, stdout and stderr as one text, without what changes from run to run.
fn transcript(output: &Output, release: &Release) -> String {
    let text = format!(
        "exit {}\n----- stdout\n{}----- stderr\n{}",
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = text
        .replace(release.registry.as_str(), "[REGISTRY]/")
        .replace(&release.folder().display().to_string(), "[FOLDER]");
    let words = text
        .split_inclusive(char::is_whitespace)
        .map(|word| match word.trim() {
            hash if hash.starts_with("sha512-") => word.replace(hash, "[INTEGRITY]"),
            path if path.contains("ktx-publish-") => word.replace(path, "[PRIVATE-COPY]"),
            _ => word.to_owned(),
        });
    words.collect::<String>().replace(VERSION, "[VERSION]")
}

fn handed_over(registry: &LocalRegistry) -> (Release, String) {
    let release = Release::new(VERSION, registry, registry.url());
    let artifacts = release.path("artifacts").display().to_string();
    (release, artifacts)
}

#[test]
fn publishes_handed_over_artifacts_without_a_checkout() {
    let registry = LocalRegistry::start();
    let (release, artifacts) = handed_over(&registry);
    let url = registry.url().to_string();
    let publish = |more: &[&str]| {
        let mut arguments = vec![
            "publish",
            "--tag",
            "next",
            "--registry",
            &url,
            "--artifacts",
            &artifacts,
        ];
        arguments.extend(more);
        xtask(release.folder(), &release, &arguments)
    };
    insta::assert_snapshot!(transcript(&publish(&["--execute"]), &release), @r"
    exit 3
    ----- stdout
    ----- stderr
    error: [VERSION] would be the first version of @kaelio/ktx: a registry gives that one the tag latest whatever --tag says, so everybody would install a prerelease [first-publish-latest]
    hint: publish a stable version first, or accept it until the first promotion: cargo xtask publish --tag next --accept-first-latest
    error: the dist-tag guard refuses
    ");
    let start = Instant::now();
    let dry = publish(&["--accept-first-latest"]);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "a dry run took {:?}",
        start.elapsed()
    );
    insta::assert_snapshot!(transcript(&dry, &release), @r"
    exit 0
    ----- stdout
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    checked: no tag moves backwards
    checked: the number is free, or holds these very bytes
    checked: a first version becomes latest
    checked: provenance is not lost
    note: [VERSION] is the first version, so the registry gives it the tag latest too
    not checked: whether npm has credentials that the registry accepts
    Dry-run verified @kaelio/ktx@[VERSION] with tag next; nothing was written, add --execute to publish
    ----- stderr
    ");
    assert!(
        !release.path("reports/publish-receipt.json").exists(),
        "a dry run writes nothing"
    );

    insta::assert_snapshot!(transcript(&publish(&["--accept-first-latest", "--execute"]), &release), @r"
    exit 0
    ----- stdout
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    checked: no tag moves backwards
    checked: the number is free, or holds these very bytes
    checked: a first version becomes latest
    checked: provenance is not lost
    note: [VERSION] is the first version, so the registry gives it the tag latest too
    not checked: whether npm has credentials that the registry accepts
    Published @kaelio/ktx@[VERSION] with tag next
    ----- stderr
    running npm publish [PRIVATE-COPY] --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    receipt: [FOLDER]/reports/publish-receipt.json
    ");
    assert_eq!(tags(&registry.url()), format!("latest={VERSION} next={VERSION}"));
    let again = publish(&["--execute", "--json"]);
    assert!(again.status.success());
    let document: serde_json::Value = serde_json::from_slice(&again.stdout).expect("one document");
    assert_eq!(document["report"]["result"]["kind"], "already-published");

    let readiness = xtask(
        release.folder(),
        &release,
        &["readiness", "--artifacts", &artifacts],
    );
    assert!(readiness.status.success(), "{}", transcript(&readiness, &release));
    fs::remove_file(release.path("reports/smoke-linux-x64.json")).expect("removed");
    let readiness = xtask(
        release.folder(),
        &release,
        &["readiness", "--artifacts", &artifacts],
    );
    assert_eq!(readiness.status.code(), Some(3));
}

#[test]
fn flags_that_do_not_go_together_are_wrong_usage() {
    let registry = LocalRegistry::start();
    let (release, artifacts) = handed_over(&registry);
    for arguments in [
        &["publish"][..],
        &["publish", "--tag", "next", "--publish"],
        &["publish", "--tag", "next", "--dry-run"],
        &[
            "publish",
            "--tag",
            "next",
            "--registry",
            "not-an-address",
            "--artifacts",
            &artifacts,
        ],
        &[
            "publish",
            "--tag",
            "next",
            "--registry",
            "http://user:secret@127.0.0.1/",
            "--artifacts",
            &artifacts,
        ],
        &["publish", "--tag", "next"],
        &["promote", "--to", "latest"],
        &["rollback", "--tag", "latest", "--confirm", "0.1.0"],
        &["version", "next"],
        &["version", "set"],
    ] {
        let output = xtask(release.folder(), &release, arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            transcript(&output, &release)
        );
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("secret"),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_unreachable_registry_is_never_guessed() {
    let registry = LocalRegistry::start();
    let (release, artifacts) = handed_over(&registry);
    let arguments = [
        "publish",
        "--tag",
        "next",
        "--registry",
        "http://127.0.0.1:9/",
        "--artifacts",
        &artifacts,
    ];
    insta::assert_snapshot!(transcript(&xtask(release.folder(), &release, &arguments), &release), @r"
    exit 5
    ----- stdout
    ----- stderr
    error: the registry's facts are not known: failed to ask `http://127.0.0.1:9/@kaelio%2fktx`: io: Connection refused (os error 111) [registry-unknown]
    hint: run the command again when the registry answers
    not checked: no tag moves backwards
    not checked: the number is free, or holds these very bytes
    not checked: a first version becomes latest
    not checked: provenance is not lost
    error: the dist-tag guard refuses
    ");
}

/// A checkout of its own: a workspace of one package, the policy, and git.
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

#[test]
fn promotes_and_rolls_back_by_the_printed_commands() {
    let registry = LocalRegistry::start();
    let url = registry.url();
    let publish = |version: &str| {
        let release = Release::new(version, &registry, url.clone());
        release.publish().expect("published");
        release.prove_published();
        release
    };
    publish("0.1.0");
    let release = publish("0.2.0");
    let artifacts = release.path("artifacts").display().to_string();
    let place = ["--registry", url.as_str(), "--artifacts", &artifacts];
    let run = |arguments: &[&str]| xtask(release.folder(), &release, &[arguments, &place].concat());
    insta::assert_snapshot!(transcript(&run(&["promote", "--from", "next", "--to", "latest"]), &release), @r"
    exit 0
    ----- stdout
    point latest at @kaelio/ktx@0.2.0 on [REGISTRY]/
    tag     before  after
    latest  0.1.0   0.2.0
    next    0.2.0   0.2.0
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    checked: no tag moves backwards
    checked: provenance is not lost
    checked: what the registry serves was proven
    dry run: nothing was written; a person with a second factor runs
      npm dist-tag add @kaelio/ktx@0.2.0 latest --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    then this command again, which verifies the outcome; or add --execute
    ----- stderr
    ");
    let moved = run(&["promote", "--from", "next", "--to", "latest", "--execute"]);
    assert!(moved.status.success(), "{}", transcript(&moved, &release));
    assert_eq!(tags(&url), "latest=0.2.0 next=0.2.0");
    insta::assert_snapshot!(transcript(&run(&["rollback", "--tag", "latest"]), &release), @r#"
    exit 0
    ----- stdout
    point latest at @kaelio/ktx@0.1.0 on [REGISTRY]/
    tag     before  after
    latest  0.2.0   0.1.0
    next    0.2.0   0.2.0
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    checked: the tag pointed at the version before
    dry run: nothing was written; a person with a second factor runs
      npm dist-tag add @kaelio/ktx@0.1.0 latest --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
      npm deprecate @kaelio/ktx@0.2.0 "broken: use 0.1.0" --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    then this command again, which verifies the outcome; or add --execute
    ----- stderr
    "#);
    let back = run(&["rollback", "--tag", "latest", "--to", "0.1.0", "--execute"]);
    assert!(back.status.success(), "{}", transcript(&back, &release));
    assert_eq!(tags(&url), "latest=0.1.0 next=0.2.0");
}
