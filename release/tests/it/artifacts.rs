//! Artifacts and their manifest: what verification finds when one thing is wrong, and all when many are.

use std::path::PathBuf;

use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::artifact_manifest::ArtifactManifest;
use ktx_manifest::{BuildProfile, ContentId, Sha256Digest};
use ktx_release::artifacts::{BuiltArtifacts, SourceFacts, VerifyOptions, verify, write_manifest};

use crate::sources::{Sources, VERSION, finding_codes};

const WHEEL: &str = "dist/artifacts/python/kaelio_ktx-1.2.3-py3-none-any.whl";
const TARBALL: &str = "dist/artifacts/npm/kaelio-ktx-1.2.3.tgz";

/// Artifacts with their manifest.
fn built() -> Sources {
    let mut sources = Sources::new();
    sources.bill.revision = facts().source_revision;
    pack(&sources);
    sources
}

/// Packs what the sources are now, and describes it.
fn pack(sources: &Sources) {
    let plan = sources.plan_package().expect("the sources are sound");
    let tarball = sources.pack_plan(&plan);
    let content = |path: PathBuf| Sha256Digest::of_file(path).expect("it was built");
    let built = BuiltArtifacts {
        wheel: content(sources.path(WHEEL)),
        tarball: content(tarball),
        programs: plan.contents().programs(),
    };
    write_manifest(&sources.path("dist/artifacts"), &facts(), built).expect("it can be written");
}

fn facts() -> SourceFacts {
    SourceFacts {
        version: VERSION,
        epoch: None,
        generated_at: Timestamp::from_second(1_924_992_000).expect("a moment"),
        source_revision: Some("0".repeat(40)),
    }
}

fn options(sources: &Sources) -> VerifyOptions {
    VerifyOptions {
        machine: vec!["/builds/agent-7/ktx".to_owned()],
        artifacts: sources.path("dist/artifacts"),
        version: Some(VERSION),
        source_revision: None,
        sources: Some(sources.path("")),
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
    let tarball = fs::read(sources.path(TARBALL)).expect("it was packed");
    sources.write("python/ktx_daemon/new.py", "");
    sources.build_wheel();
    pack(&sources);
    assert_eq!(found(&options(&sources)), Vec::<String>::new());
    sources.write(TARBALL, &tarball);
    rewrite_manifest(&sources, |manifest| {
        let old = ContentId::of(&tarball);
        let file = manifest
            .files
            .iter_mut()
            .find(|file| file.path.as_str().ends_with(".tgz"));
        let file = file.expect("the tarball is listed");
        (file.bytes, file.sha256) = (old.bytes, old.sha256);
    });
    assert_eq!(found(&options(&sources)), ["artifact-wheel-differs"]);
}

fn rewrite_manifest(sources: &Sources, change: impl Fn(&mut ArtifactManifest)) {
    let path = "dist/artifacts/manifest.json";
    let text = fs::read(sources.path(path)).expect("it was written");
    let mut manifest = serde_json::from_slice(&text).expect("it reads");
    change(&mut manifest);
    sources.write(path, manifest.to_text());
}

#[test]
fn the_manifest_says_how_the_programs_were_built() {
    let sources = built();
    let manifest = verify(&options(&sources))
        .expect("readable")
        .manifest
        .expect("sound");
    assert_eq!(manifest.programs.len(), sources.programs.len());
    assert!(
        manifest
            .programs
            .iter()
            .all(|program| program.profile == BuildProfile::Release)
    );
    let changed = |change: &dyn Fn(&mut ArtifactManifest)| {
        let sources = built();
        rewrite_manifest(&sources, change);
        found(&options(&sources))
    };
    assert_eq!(changed(&|_| {}), Vec::<String>::new());
    let differ = ["artifact-programs-differ"];
    assert_eq!(
        changed(&|manifest| manifest.programs[0].profile = BuildProfile::Local),
        differ
    );
    assert_eq!(
        changed(&|manifest| manifest.programs[1].compiler = "rustc 1.0.0".to_owned()),
        differ
    );
    assert_eq!(changed(&|manifest| drop(manifest.programs.remove(2))), differ);
    // Manifests of older builds do not say.
    assert_eq!(
        changed(&|manifest| manifest.programs.clear()),
        Vec::<String>::new()
    );
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
fn the_bill_is_of_the_commit_that_the_manifest_names() {
    let mut sources = built();
    for (revision, expected) in [
        (facts().source_revision, &[][..]),
        (Some("1".repeat(40)), &["sbom-commit"]),
        (None, &["sbom-commit"]),
    ] {
        sources.bill.revision = revision.clone();
        pack(&sources);
        assert_eq!(found(&options(&sources)), expected, "{revision:?}");
    }
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
fn the_locks_in_the_tarball_are_those_that_were_locked_and_those_of_the_sources() {
    let lock = "python/locks/core.txt";
    check(
        |sources| {
            sources.write(
                lock,
                format!("{}\n", fs::read_to_string(sources.path(lock)).expect("text")),
            )
        },
        &["artifact-lock-differs"],
    );
    let sources = built();
    let mut own = options(&sources);
    sources.replace(lock, "lkml==1.3.7", "lkml==1.3.8");
    assert_eq!(found(&own), ["artifact-lock-differs"]);
    own.sources = None;
    assert_eq!(
        found(&own),
        Vec::<String>::new(),
        "without sources there is nothing to compare"
    );
}
