//! Artifacts and their manifest: what verification finds when one thing is wrong, and all when many are.

use fs_err as fs;
use jiff::Timestamp;
use ktx_release::artifacts::{ManifestFacts, VerifyOptions, verify, write_manifest};

use crate::sources::{Sources, VERSION, finding_codes};

const WHEEL: &str = "dist/artifacts/python/kaelio_ktx-1.2.3-py3-none-any.whl";
const TARBALL: &str = "dist/artifacts/npm/kaelio-ktx-1.2.3.tgz";

/// Artifacts with their manifest.
fn built() -> Sources {
    let sources = Sources::new();
    sources.pack();
    manifest(&sources);
    sources
}

fn manifest(sources: &Sources) {
    let facts = ManifestFacts {
        version: VERSION,
        generated_at: Timestamp::from_second(1_924_992_000).expect("a moment"),
        source_revision: Some("0".repeat(40)),
    };
    write_manifest(&sources.path("dist/artifacts"), &facts).expect("the artifacts are there");
}

fn options(sources: &Sources) -> VerifyOptions {
    VerifyOptions {
        artifacts: sources.path("dist/artifacts"),
        version: Some(VERSION),
        source_revision: None,
    }
}

fn found(options: &VerifyOptions) -> Vec<String> {
    let verified = verify(options).expect("the artifacts can be read");
    assert_eq!(verified.manifest.is_some(), verified.findings.is_empty());
    finding_codes(&verified.findings)
}

#[track_caller]
fn check(change: impl Fn(&Sources), expected: &[&str]) {
    let sources = built();
    assert_eq!(found(&options(&sources)), Vec::<String>::new(), "the twin passes");
    change(&sources);
    assert_eq!(found(&options(&sources)), expected);
}

#[test]
fn the_manifest_says_what_was_built_and_when() {
    let sources = built();
    let text = fs::read_to_string(sources.path("dist/artifacts/manifest.json")).expect("it was written");
    insta::assert_snapshot!(without_digests(&text));
}

/// Digests and lengths depend on the compressor; the rest of the text does not.
fn without_digests(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once(": ") {
            Some((key, _)) if key.ends_with("\"sha256\"") => format!("{key}: \"[SHA256]\"\n"),
            Some((key, _)) if key.ends_with("\"bytes\"") => format!("{key}: [BYTES],\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn other_bytes_are_found_by_the_manifest_and_by_what_they_hold() {
    check(
        |sources| sources.write("dist/artifacts/extra.txt", ""),
        &["artifact-unlisted"],
    );
    check(
        |sources| sources.remove(WHEEL),
        &["artifact-files-mismatch", "artifact-wheel-missing"],
    );
    check(
        |sources| sources.remove(TARBALL),
        &["artifact-files-mismatch", "artifact-tarball-missing"],
    );
}

#[test]
fn the_wheel_in_the_tarball_is_the_one_beside_it() {
    let sources = built();
    sources.write("python/ktx_daemon/new.py", "");
    sources.build_wheel();
    manifest(&sources);
    assert_eq!(found(&options(&sources)), ["artifact-wheel-differs"]);
    sources.pack();
    manifest(&sources);
    assert_eq!(found(&options(&sources)), Vec::<String>::new());
}

#[test]
fn the_revision_is_the_expected_one() {
    let sources = built();
    let mut options = options(&sources);
    options.source_revision = Some("0".repeat(40));
    assert_eq!(found(&options), Vec::<String>::new());
    options.source_revision = Some("1".repeat(40));
    assert_eq!(found(&options), ["artifact-source-revision-mismatch"]);
}

#[test]
fn without_a_version_the_manifest_names_it() {
    let sources = built();
    let mut options = options(&sources);
    options.version = None;
    assert_eq!(found(&options), Vec::<String>::new());
    sources.write("dist/artifacts/manifest.json", "{");
    assert_ne!(found(&options), Vec::<String>::new());
    options.artifacts = sources.path("absent");
    assert!(matches!(
        verify(&options),
        Err(ktx_release::Error::Missing { .. })
    ));
}

#[test]
fn all_that_is_wrong_is_reported() {
    let sources = built();
    sources.write("dist/artifacts/extra.txt", "");
    sources.write(WHEEL, "PK");
    let mut packed = fs::read(sources.path(TARBALL)).expect("it is there");
    packed.push(0);
    sources.write(TARBALL, packed);
    let codes = found(&options(&sources));
    assert!(codes.len() >= 2, "{codes:?}");
}

#[test]
fn a_manifest_is_not_written_for_artifacts_that_are_not_there() {
    let sources = built();
    let before = fs::read(sources.path("dist/artifacts/manifest.json")).expect("it is there");
    sources.remove(TARBALL);
    let facts = ManifestFacts {
        version: VERSION,
        generated_at: Timestamp::UNIX_EPOCH,
        source_revision: None,
    };
    let error = write_manifest(&sources.path("dist/artifacts"), &facts).expect_err("the tarball is gone");
    assert_eq!(error.hint(), Some("run: cargo xtask build"));
    assert_eq!(
        fs::read(sources.path("dist/artifacts/manifest.json")).expect("it is there"),
        before
    );
}
