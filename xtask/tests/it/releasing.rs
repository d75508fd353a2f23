//! The commands that release, through the built program: transcripts, exit codes, and the files they touch.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use fs_err as fs;

use super::program;
use super::support::release::REVISION;
use super::support::{LocalRegistry, Release, tags};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs xtask outside of any checkout unless `folder` is one.
pub fn xtask(folder: &Path, release: &Release, arguments: &[&str]) -> Output {
    program::xtask(folder, arguments)
        .envs(&release.environment)
        .output()
        .expect("xtask runs")
}

/// Exit code, stdout and stderr as one text, without what changes from run to run.
pub fn transcript(output: &Output, release: &Release) -> String {
    let text = program::transcript(output)
        .replace(release.registry.as_str(), "[REGISTRY]/")
        .replace(&release.folder().display().to_string(), "[FOLDER]");
    let words = text
        .split_inclusive(char::is_whitespace)
        .map(|word| match word.trim() {
            hash if hash.starts_with("sha512-") => word.replace(hash, "[INTEGRITY]"),
            path if path.ends_with(".tgz") && path.starts_with('/') => word.replace(path, "[PRIVATE-COPY]"),
            _ => word.to_owned(),
        });
    let words = words.collect::<String>().replace(VERSION, "[VERSION]");
    folded(&words, &["passed: gate ", "not checked: gate "])
}

/// Consecutive lines that start alike become one: all gates are listed in the tests of the policy.
fn folded(text: &str, starts: &[&str]) -> String {
    let start_of = |line: &str| starts.iter().find(|start| line.starts_with(**start)).copied();
    let mut lines: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (start_of(line), lines.last()) {
            (Some(start), Some(last)) if start_of(last) == Some(start) => {
                lines.pop();
                lines.push(format!("{start}…\n"));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.concat()
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
            "--source-revision",
            REVISION,
        ];
        arguments.extend(more);
        xtask(release.folder(), &release, &arguments)
    };
    insta::assert_snapshot!(transcript(&publish(&["--execute"]), &release), @r"
    exit 3
    --- stdout
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    passed: gate …
    passed: the tag is one of this project's and not a version range
    passed: the version's channel and the policy allow the tag
    passed: the registry's facts are known and consistent (it does not have the package)
    passed: the number is free, or has these very bytes
    passed: no tag moves backwards
    refused: latest does not become a prerelease
    passed: provenance is not lost
    not checked: whether npm has credentials that the registry accepts; --execute asks before it writes
    --- stderr
    error: [VERSION] would be the first version of @kaelio/ktx: a registry gives that one the tag latest whatever --tag says, so everybody would install a prerelease [first-publish-latest]
    error: the dist-tag guard refuses
    hint: publish a stable version first, or accept it until the first promotion: cargo xtask publish --tag next --accept-first-latest --source-revision 0123456789abcdef0123456789abcdef01234567 --registry [REGISTRY]/ --artifacts [FOLDER]/artifacts
    ");
    let start = Instant::now();
    let dry = publish(&["--accept-first-latest"]);
    // It waits for nothing: a wait for the registry takes 20 seconds at least.
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "a dry run took {:?}",
        start.elapsed()
    );
    insta::assert_snapshot!(transcript(&dry, &release), @r"
    exit 0
    --- stdout
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    passed: gate …
    passed: the tag is one of this project's and not a version range
    passed: the version's channel and the policy allow the tag
    passed: the registry's facts are known and consistent (it does not have the package)
    passed: the number is free, or has these very bytes
    passed: no tag moves backwards
    passed: latest does not become a prerelease
    passed: provenance is not lost
    not checked: whether npm has credentials that the registry accepts; --execute asks before it writes
    note: [VERSION] is the first version, so the registry gives it the tag latest too
    Dry-run verified @kaelio/ktx@[VERSION] with tag next; nothing was written, add --execute to publish
    --- stderr
    ");
    assert!(
        !release.path("reports/publish-receipt.json").exists(),
        "a dry run writes nothing"
    );

    insta::assert_snapshot!(transcript(&publish(&["--accept-first-latest", "--execute"]), &release), @r"
    exit 0
    --- stdout
    publish @kaelio/ktx@[VERSION] under next to [REGISTRY]/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tag     before  after
    latest  -       [VERSION]
    next    -       [VERSION]
    passed: gate …
    passed: the tag is one of this project's and not a version range
    passed: the version's channel and the policy allow the tag
    passed: the registry's facts are known and consistent (it does not have the package)
    passed: the number is free, or has these very bytes
    passed: no tag moves backwards
    passed: latest does not become a prerelease
    passed: provenance is not lost
    not checked: whether npm has credentials that the registry accepts; --execute asks before it writes
    note: [VERSION] is the first version, so the registry gives it the tag latest too
    Published @kaelio/ktx@[VERSION] with tag next
    --- stderr
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
        &[
            "readiness",
            "--artifacts",
            &artifacts,
            "--source-revision",
            REVISION,
        ],
    );
    assert!(readiness.status.success(), "{}", transcript(&readiness, &release));
    fs::remove_file(release.path("reports/smoke-linux-x64.json")).expect("removed");
    let readiness = xtask(
        release.folder(),
        &release,
        &[
            "readiness",
            "--artifacts",
            &artifacts,
            "--source-revision",
            REVISION,
        ],
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
fn a_refused_tag_is_named_although_the_gates_are_closed() {
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
    exit 4
    --- stdout
    publish @kaelio/ktx@[VERSION] under v1.x to [REGISTRY]/
    integrity: there is no tarball
    command: npm publish PRIVATE-COPY.tgz --tag=v1.x --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=[REGISTRY]/ --@kaelio:registry=[REGISTRY]/
    tags: none
    passed: gate release-mode
    refused: gate artifacts
    not checked: gate …
    refused: gate smoke
    passed: gate …
    refused: the tag is one of this project's and not a version range
    not checked: the version's channel and the policy allow the tag (a rule above must hold first)
    passed: the registry's facts are known and consistent (it does not have the package)
    not checked: the number is free, or has these very bytes (a rule above must hold first)
    not checked: no tag moves backwards (a rule above must hold first)
    not checked: latest does not become a prerelease (a rule above must hold first)
    not checked: provenance is not lost (a rule above must hold first)
    not checked: what the package says about itself, as there is no tarball
    not checked: whether npm has credentials that the registry accepts; --execute asks before it writes
    --- stderr
    error: Invalid public npm release tag: v1.x (npm reads it as a version range, so nobody could install the tag) [tag-is-range]
    error: Missing artifact manifest: [FOLDER]/artifacts/manifest.json [gate-artifacts]
    error: Missing npm tarball: [FOLDER]/artifacts/npm/kaelio-ktx-[VERSION].tgz. Run cargo xtask check first. [gate-artifacts]
    error: linux-x64: there is no smoke report [gate-smoke]
    error: the dist-tag guard refuses; the release is not ready
    hint: cargo xtask build
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
    --- stdout
    publish @kaelio/ktx@[VERSION] under next to http://127.0.0.1:9/
    integrity: [INTEGRITY]
    command: npm publish PRIVATE-COPY.tgz --tag=next --access=public --provenance=false --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=http://127.0.0.1:9/ --@kaelio:registry=http://127.0.0.1:9/
    tags: not known
    passed: gate …
    not checked: gate source-revision (the artifacts say 0123456789abcdef0123456789abcdef01234567, and there is no checkout or --source-revision to compare it with)
    passed: gate …
    passed: the tag is one of this project's and not a version range
    passed: the version's channel and the policy allow the tag
    refused: the registry's facts are known and consistent
    not checked: the number is free, or has these very bytes (the registry's facts are not known)
    not checked: no tag moves backwards (the registry's facts are not known)
    not checked: latest does not become a prerelease (the registry's facts are not known)
    not checked: provenance is not lost (the registry's facts are not known)
    not checked: whether npm has credentials that the registry accepts; --execute asks before it writes
    --- stderr
    error: the registry's facts are not known: failed to ask `http://127.0.0.1:9/@kaelio%2fktx`: io: Connection refused (os error 111) [registry-unknown]
    error: the artifacts say 0123456789abcdef0123456789abcdef01234567, and there is no checkout or --source-revision to compare it with [gate-source-revision]
    error: the dist-tag guard refuses; the release is not ready
    hint: when the registry answers: cargo xtask publish --tag next --source-revision 0123456789abcdef0123456789abcdef01234567 --registry http://127.0.0.1:9/ --artifacts [FOLDER]/artifacts
    ");
}
