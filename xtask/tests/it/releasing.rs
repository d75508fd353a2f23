//! The commands that release, through the built program: transcripts, exit codes, and the files they touch.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::support::{LocalRegistry, Release, tags};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs xtask outside of any checkout unless `folder` is one.
pub fn xtask(folder: &Path, release: &Release, arguments: &[&str]) -> Output {
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
            path if path.ends_with(".tgz") && path.starts_with('/') => word.replace(path, "[PRIVATE-COPY]"),
            _ => word.to_owned(),
        });
    words.collect::<String>().replace(VERSION, "[VERSION]")
}

pub fn handed_over(registry: &LocalRegistry) -> (Release, String) {
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
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    checked: open gates: release-mode, artifacts, policy, source-revision, platforms, build-profile, smoke, changelog, budgets
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    checked: no tag moves backwards
    checked: the number is free, or holds these very bytes
    checked: a first version becomes latest
    checked: provenance is not lost
    not checked: whether npm has credentials that the registry accepts
    ----- stderr
    error: [VERSION] would be the first version of @kaelio/ktx: a registry gives that one the tag latest whatever --tag says, so everybody would install a prerelease [first-publish-latest]
    hint: publish a stable version first, or accept it until the first promotion: cargo xtask publish --tag next --accept-first-latest --registry [REGISTRY]/ --artifacts [FOLDER]/artifacts
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
    checked: open gates: release-mode, artifacts, policy, source-revision, platforms, build-profile, smoke, changelog, budgets
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
    checked: open gates: release-mode, artifacts, policy, source-revision, platforms, build-profile, smoke, changelog, budgets
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
fn a_refused_tag_is_named_although_the_gates_are_shut() {
    let registry = LocalRegistry::start();
    let (release, artifacts) = handed_over(&registry);
    fs::remove_dir_all(&artifacts).expect("nothing is built");
    fs::remove_dir_all(release.path("reports")).expect("nothing is proven");
    let url = registry.url().to_string();
    let arguments = [
        "publish",
        "--tag",
        "v1.x",
        "--registry",
        &url,
        "--artifacts",
        &artifacts,
    ];
    let output = xtask(release.folder(), &release, &arguments);
    insta::assert_snapshot!(transcript(&output, &release), @r"
    exit 3
    ----- stdout
    publish @kaelio/ktx@[VERSION] under v1.x to [REGISTRY]/
    integrity: there is no tarball
    command: npm publish PRIVATE-COPY.tgz --tag=v1.x --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tags: none
    checked: open gates: release-mode, changelog, budgets
    checked: the tag is one of ours and no version range
    not checked: the version's channel and the policy allow the tag
    not checked: no tag moves backwards
    not checked: the number is free, or holds these very bytes
    not checked: a first version becomes latest
    not checked: provenance is not lost
    not checked: what the package says about itself, as there is no tarball
    not checked: whether npm has credentials that the registry accepts
    ----- stderr
    error: Invalid public npm release tag: v1.x (npm reads it as a version range, so nobody could install the tag) [tag-is-range]
    hint: a tag is next, latest or branch-<name>: cargo xtask publish --tag next --registry [REGISTRY]/ --artifacts [FOLDER]/artifacts
    error: failed to read `[FOLDER]/artifacts/manifest.json`: No such file or directory (os error 2); Missing npm tarball: [FOLDER]/artifacts/npm/kaelio-ktx-[VERSION].tgz. Run cargo xtask check first. [gate-artifacts]
    hint: cargo xtask build
    error: there are no verified artifacts to look at [gate-policy, gate-source-revision, gate-platforms, gate-build-profile]
    hint: cargo xtask build
    error: linux-x64: there is no smoke report [gate-smoke]
    hint: on linux-x64: cargo xtask smoke --no-skip
    error: the dist-tag guard refuses; the release is not ready
    ");
    let output = xtask(
        release.folder(),
        &release,
        &[&arguments[..], &["--json"]].concat(),
    );
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(document["plan"], serde_json::Value::Null);
    assert_eq!(document["tagsBefore"], serde_json::json!({}));
    assert_eq!(
        document["blocks"][0]["refused"]["refusals"][0]["code"],
        "tag-is-range"
    );
    assert_eq!(document["blocks"][1]["readiness"]["ready"], false);
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
    publish @kaelio/ktx@[VERSION] under next to http://127.0.0.1:9/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=http://127.0.0.1:9/ --@kaelio:registry=http://127.0.0.1:9/
    tags: not known
    checked: open gates: release-mode, artifacts, policy, source-revision, platforms, build-profile, smoke, changelog, budgets
    checked: the tag is one of ours and no version range
    checked: the version's channel and the policy allow the tag
    not checked: no tag moves backwards
    not checked: the number is free, or holds these very bytes
    not checked: a first version becomes latest
    not checked: provenance is not lost
    not checked: whether npm has credentials that the registry accepts
    ----- stderr
    error: the registry's facts are not known: failed to ask `http://127.0.0.1:9/@kaelio%2fktx`: io: Connection refused (os error 111) [registry-unknown]
    hint: when the registry answers: cargo xtask publish --tag next --registry http://127.0.0.1:9/ --artifacts [FOLDER]/artifacts
    error: the dist-tag guard refuses
    ");
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
