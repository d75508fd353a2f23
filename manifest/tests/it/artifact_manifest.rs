//! The artifact manifest: its text, and what its verification finds.

use std::path::Path;

use ktx_manifest::artifact_manifest::{
    ArtifactFile, ArtifactManifest, ArtifactPackage, Expected, Verification, survey, verify,
};
use serde_json::{Value, json};

const TARBALL: &str = "npm/kaelio-ktx-0.1.0-rc.0.tgz";
const WHEEL: &str = "python/kaelio_ktx-0.1.0rc0-py3-none-any.whl";

fn packages() -> Vec<ArtifactPackage> {
    vec![
        ArtifactPackage::npm("0.1.0-rc.0"),
        ArtifactPackage::python("0.1.0rc0"),
    ]
}

fn write(directory: &Path, path: &str, content: &str) {
    let path = directory.join(path);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

/// A directory of artifacts with the manifest that belongs to it.
fn artifacts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), TARBALL, "tarball");
    write(folder.path(), WHEEL, "wheel");
    let found = survey(folder.path()).unwrap();
    let packages = packages();
    let files = packages.iter().map(|package| {
        let path = package.artifact_path().parse().unwrap();
        let content = found.files[&path];
        ArtifactFile::of(package, path, content)
    });
    let files = files.rev().collect();
    let generated_at = "2031-01-01T00:00:00Z".parse().unwrap();
    let manifest = ArtifactManifest::new(generated_at, Some("0a1b2c3d".to_owned()), packages, files);
    write(folder.path(), "manifest.json", &manifest.to_text());
    folder
}

fn run(directory: &Path) -> Verification {
    verify(
        directory,
        &Expected {
            packages: &packages(),
            source_revision: Some("0a1b2c3d"),
        },
    )
    .unwrap()
}

/// The codes and the messages of what is found, with the directory's own name taken out.
fn found(directory: &Path) -> Vec<(String, String)> {
    let verification = run(directory);
    assert_eq!(verification.manifest.is_some(), verification.findings.is_empty());
    let root = directory.display().to_string();
    let findings = verification.findings.into_iter();
    findings
        .map(|finding| (finding.code.into_owned(), finding.message.replace(&root, "[DIR]")))
        .collect()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &[(&str, &str)]) {
    let folder = artifacts();
    let path = folder.path().join("manifest.json");
    let mut manifest: Value = serde_json::from_str(&fs_err::read_to_string(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs_err::write(&path, manifest.to_string()).unwrap();
    let found = found(folder.path());
    let codes = found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>();
    assert_eq!(
        codes,
        expected.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        "{found:#?}"
    );
    for ((_, message), (_, start)) in found.iter().zip(expected) {
        assert!(
            message.starts_with(start),
            "{message}\ndoes not start with\n{start}"
        );
    }
}

#[test]
fn is_written_in_one_form_and_verifies() {
    let folder = artifacts();
    let text = fs_err::read_to_string(folder.path().join("manifest.json")).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
      "schemaVersion": 2,
      "generatedAt": "2031-01-01T00:00:00.000Z",
      "sourceRevision": "0a1b2c3d",
      "packages": [
        {
          "ecosystem": "npm",
          "packageName": "@kaelio/ktx",
          "packageRoot": "npm",
          "packageVersion": "0.1.0-rc.0",
          "private": false,
          "releaseMode": "ci-artifact-only"
        },
        {
          "ecosystem": "python",
          "packageName": "kaelio-ktx",
          "packageRoot": "python",
          "packageVersion": "0.1.0rc0",
          "private": false,
          "releaseMode": "ci-artifact-only"
        }
      ],
      "files": [
        {
          "path": "npm/kaelio-ktx-0.1.0-rc.0.tgz",
          "ecosystem": "npm",
          "artifactKind": "tarball",
          "packageName": "@kaelio/ktx",
          "packageVersion": "0.1.0-rc.0",
          "bytes": 7,
          "sha256": "db4b4d0d1cb480bf9aeea253771c00febe627f236765fa37d6a5614f079a3aa0"
        },
        {
          "path": "python/kaelio_ktx-0.1.0rc0-py3-none-any.whl",
          "ecosystem": "python",
          "artifactKind": "wheel",
          "packageName": "kaelio-ktx",
          "packageVersion": "0.1.0rc0",
          "bytes": 5,
          "sha256": "ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91"
        }
      ]
    }
    "#);
    let manifest = run(folder.path()).manifest.expect("nothing is wrong with it");
    assert_eq!(manifest.to_text(), text);
}

#[test]
fn says_what_is_wrong_with_the_manifest() {
    let files = "Artifact manifest files do not match artifact contents do not match\nExpected:\n[\n  {\n";
    for (key, value, code, message) in [
        (
            "schemaVersion",
            json!(1),
            "schema-version",
            "Unsupported artifact manifest schemaVersion: 1",
        ),
        (
            "schemaVersion",
            json!("2"),
            "schema-version",
            "Unsupported artifact manifest schemaVersion: 2",
        ),
        (
            "generatedAt",
            json!(5),
            "generated-at-type",
            "Artifact manifest generatedAt must be a string",
        ),
        (
            "generatedAt",
            json!("yesterday"),
            "generated-at-format",
            "Artifact manifest generatedAt is not an ISO timestamp: yesterday",
        ),
        (
            "sourceRevision",
            json!(7),
            "source-revision-type",
            "Artifact manifest sourceRevision must be a string or null",
        ),
        (
            "sourceRevision",
            json!(null),
            "source-revision-mismatch",
            "Artifact manifest sourceRevision mismatch: expected 0a1b2c3d, got null",
        ),
        (
            "sourceRevision",
            json!("ffff"),
            "source-revision-mismatch",
            "Artifact manifest sourceRevision mismatch: expected 0a1b2c3d, got ffff",
        ),
        (
            "packages",
            json!({}),
            "packages-type",
            "Artifact manifest packages must be an array",
        ),
        (
            "packages",
            json!([]),
            "packages-mismatch",
            "Artifact manifest packages do not match\nExpected:\n[\n  {\n    \"ecosystem\": \"npm\"",
        ),
        (
            "files",
            json!(null),
            "files-type",
            "Artifact manifest files must be an array",
        ),
    ] {
        let code = if key == "schemaVersion" {
            format!("manifest-{code}")
        } else {
            code.to_owned()
        };
        check(
            |manifest| manifest[key] = value,
            &[(&format!("artifact-{code}"), message)],
        );
    }
    let listed = |path: Value| move |manifest: &mut Value| manifest["files"][0]["path"] = path;
    let unlisted = (
        "artifact-unlisted",
        "failed to verify `[DIR]/npm/kaelio-ktx-0.1.0-rc.0.tgz`: the artifact manifest",
    );
    let mismatch = ("artifact-files-mismatch", files);
    let path_type = (
        "artifact-file-path-type",
        "Artifact manifest file path must be a string",
    );
    check(listed(json!(3)), &[path_type, mismatch, unlisted]);
    for path in [
        "",
        "/etc/passwd",
        "npm\\a",
        "npm//a",
        "../a",
        "npm/../a",
        "npm/a\0",
    ] {
        let message = format!("Unsafe artifact manifest path: {}", path.escape_debug());
        check(
            listed(json!(path)),
            &[("artifact-file-path-unsafe", &message), mismatch, unlisted],
        );
    }
    check(
        |manifest| manifest["files"][0] = json!("x"),
        &[
            (
                "artifact-file-entry-type",
                "Artifact manifest file entries must be JSON objects",
            ),
            mismatch,
            unlisted,
        ],
    );
    check(|manifest| manifest["files"][0]["bytes"] = json!(1), &[mismatch]);
    check(
        |manifest| manifest["files"].as_array_mut().unwrap().reverse(),
        &[mismatch],
    );
    check(
        |manifest| manifest["extra"] = json!(1),
        &[(
            "artifact-manifest-invalid",
            "failed to read `[DIR]/manifest.json`: unknown field `extra`",
        )],
    );
    check(
        |manifest| *manifest = json!([]),
        &[(
            "artifact-manifest-not-an-object",
            "Artifact manifest must be a JSON object",
        )],
    );
    check(|_| (), &[]);
}

#[test]
fn reports_everything_at_once() {
    check(
        |manifest| {
            *manifest = json!({ "files": [] });
        },
        &[
            (
                "artifact-manifest-schema-version",
                "Unsupported artifact manifest schemaVersion: undefined",
            ),
            ("artifact-generated-at-type", ""),
            ("artifact-source-revision-type", ""),
            ("artifact-packages-type", ""),
            ("artifact-files-mismatch", ""),
            ("artifact-unlisted", "failed to verify `[DIR]/npm/"),
            ("artifact-unlisted", "failed to verify `[DIR]/python/"),
        ],
    );
}

#[track_caller]
fn check_directory(change: impl FnOnce(&Path), expected: &[&str]) {
    let folder = artifacts();
    change(folder.path());
    let messages = found(folder.path())
        .into_iter()
        .map(|(_, message)| message)
        .collect::<Vec<_>>();
    let heads = messages
        .iter()
        .map(|message| message.lines().next().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(heads, expected);
}

#[test]
fn says_what_is_wrong_with_the_directory() {
    let mismatch = "Artifact manifest files do not match artifact contents do not match";
    check_directory(|directory| write(directory, TARBALL, "tarbalL"), &[mismatch]);
    check_directory(
        |directory| fs_err::remove_file(directory.join(TARBALL)).unwrap(),
        &[
            mismatch,
            "Missing @kaelio/ktx tarball: [DIR]/npm/kaelio-ktx-0.1.0-rc.0.tgz",
        ],
    );
    check_directory(
        |directory| fs_err::remove_file(directory.join(WHEEL)).unwrap(),
        &[mismatch, "Missing Python artifact: kaelio-ktx runtime wheel"],
    );
    check_directory(
        |directory| write(directory, "npm/.DS_Store", ""),
        &["failed to verify `[DIR]/npm/.DS_Store`: the artifact manifest does not list it"],
    );
    check_directory(
        |directory| write(directory, "python/manifest.json", ""),
        &["failed to verify `[DIR]/python/manifest.json`: the artifact manifest does not list it"],
    );
    check_directory(
        |directory| write(directory, "manifest.json", "{"),
        &["failed to read `[DIR]/manifest.json`: EOF while parsing an object at line 1 column 1"],
    );
    let twice = |directory: &Path| {
        let text = fs_err::read_to_string(directory.join("manifest.json")).unwrap();
        write(
            directory,
            "manifest.json",
            &text.replacen('{', "{ \"schemaVersion\": 3,", 1),
        );
    };
    check_directory(
        twice,
        &["failed to read `[DIR]/manifest.json`: unsupported schemaVersion 3 at line 1 column 20"],
    );
    check_directory(
        |directory| fs_err::remove_file(directory.join("manifest.json")).unwrap(),
        &["failed to read `[DIR]/manifest.json`: No such file or directory (os error 2)"],
    );
}

#[cfg(unix)]
#[test]
fn follows_no_links_and_opens_no_pipes() {
    check_directory(
        |directory| fs_err::os::unix::fs::symlink("/etc/hostname", directory.join("npm/link")).unwrap(),
        &["failed to verify `[DIR]/npm/link`: it is a symbolic link"],
    );
    check_directory(
        |directory| {
            let _listener = std::os::unix::net::UnixListener::bind(directory.join("socket")).unwrap();
        },
        &["failed to verify `[DIR]/socket`: it is not a regular file"],
    );
}
