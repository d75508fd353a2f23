//! A tarball that two readers may read differently is not published, whatever its manifest and its smoke report say.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;
use ktx_fixtures::registry_proxy::Proxy;
use ktx_publish::{ErrorClass, PublishError};
use tar::{Builder, EntryType, Header};

use super::support::contents::{bill, files};
use super::support::{LocalRegistry, Release};

/// The files of a package by their paths.
type Files = Vec<(String, Vec<u8>)>;

const PACKAGE_JSON: &[u8] = br#"{"name": "@kaelio/ktx", "version": "0.1.0"}"#;

fn header(kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_size(size as u64);
    header.set_mode(0o644);
    // 1985-10-26T08:15:00Z, which npm gives every file.
    header.set_mtime(499_162_500);
    header.set_entry_type(kind);
    header
}

fn file(archive: &mut Builder<Vec<u8>>, path: &str, bytes: &[u8]) {
    let mut header = header(EntryType::Regular, bytes.len());
    archive.append_data(&mut header, path, bytes).unwrap();
}

/// A good archive, changed by `change` before its end mark.
fn archive(change: impl Fn(&mut Builder<Vec<u8>>)) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    file(&mut archive, "package/package.json", PACKAGE_JSON);
    for (path, bytes) in files("0.1.0") {
        file(&mut archive, &path, &bytes);
    }
    change(&mut archive);
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn link(archive: &mut Builder<Vec<u8>>, kind: EntryType) {
    let mut header = header(kind, 0);
    archive
        .append_link(&mut header, "package/dist/bin.js", "/etc/hostname")
        .unwrap();
}

/// The path of the next entry, as an extension that some readers know says it.
fn extension(archive: &mut Builder<Vec<u8>>, kind: EntryType, content: &[u8]) {
    let mut header = header(kind, content.len());
    archive
        .append_data(&mut header, "package/extension", content)
        .unwrap();
    file(archive, "package/dist/bin.js", b"other bytes");
}

#[test]
fn a_tarball_that_two_readers_read_differently_is_refused() {
    let registry = LocalRegistry::start();
    let canary = Proxy::canary();
    let good = archive(|_| {});
    let with = |change: fn(&mut Builder<Vec<u8>>)| gzip(&archive(change));
    let mut named = GzEncoder::new(Vec::new(), Compression::fast());
    named.write_all(&good).unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "tarball-duplicate",
            with(|archive| file(archive, "package/package.json", br#"{"scripts": {}}"#)),
        ),
        (
            "tarball-collision",
            with(|archive| file(archive, "package/PACKAGE.json", b"{}")),
        ),
        (
            "tarball-not-a-file",
            with(|archive| link(archive, EntryType::Symlink)),
        ),
        (
            "tarball-not-a-file",
            with(|archive| link(archive, EntryType::Link)),
        ),
        (
            "tarball-not-a-file",
            with(|archive| extension(archive, EntryType::XHeader, b"30 path=package/dist/index.js\n")),
        ),
        (
            "tarball-not-a-file",
            with(|archive| extension(archive, EntryType::GNULongName, b"package/dist/index.js\0")),
        ),
        (
            "tarball-not-below-package",
            with(|archive| file(archive, "other/index.js", b"x")),
        ),
        ("tarball-trailing-bytes", [gzip(&good), gzip(&good)].concat()),
        (
            "tarball-trailing-bytes",
            gzip(&[good.clone(), good.clone()].concat()),
        ),
        ("tarball-gzip-header", {
            let mut gzip = flate2::GzBuilder::new()
                .filename("other.tar")
                .write(Vec::new(), Compression::fast());
            gzip.write_all(&good).unwrap();
            gzip.finish().unwrap()
        }),
        ("tarball-cut-short", gzip(&good[..good.len() - 1024])),
    ];
    for (code, bytes) in cases {
        let error = publish(&registry, &canary, bytes).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Integrity, "{code}: {error}");
        let PublishError::NotReady(report) = error else {
            panic!("{code}: {error}")
        };
        let closed = report.gates.iter().find(|gate| !gate.is_open()).unwrap();
        assert!(
            closed.missing()[0].contains(code),
            "{code}: {:?}",
            closed.missing()
        );
    }
    assert_eq!(canary.uploads(), 0);
    let error = publish(&registry, &canary, gzip(&good));
    assert!(
        !matches!(error, Err(PublishError::NotReady(_))),
        "the twin passes every gate: {error:?}"
    );
}

#[test]
fn a_bill_of_materials_that_is_not_true_closes_its_gate() {
    let registry = LocalRegistry::start();
    let canary = Proxy::canary();
    let packed = |change: &dyn Fn(&mut Files)| {
        let mut inside = files("0.1.0");
        change(&mut inside);
        let mut archive = Builder::new(Vec::new());
        file(&mut archive, "package/package.json", PACKAGE_JSON);
        for (path, bytes) in inside {
            file(&mut archive, &path, &bytes);
        }
        gzip(&archive.into_inner().unwrap())
    };
    let replaced = |ending: &str, bytes: &[u8]| {
        packed(&|files| {
            let found = files.iter_mut().find(|(path, _)| path.ends_with(ending));
            found.unwrap().1 = bytes.to_vec();
        })
    };
    let another_commit = bill("0.1.0").replace("0123456789abcdef", "fedcba9876543210");
    let another_pin = bill("0.1.0").replace("lkml@1.3.7", "lkml@1.3.6");
    let closed = [
        (
            "sbom-digest",
            replaced(
                "/ktx",
                b"another program, ktx-build-mark:release:rustc 1.95.0:end",
            ),
        ),
        ("sbom-version", replaced(".cdx.json", bill("0.1.1").as_bytes())),
        ("sbom-commit", replaced(".cdx.json", another_commit.as_bytes())),
        ("sbom-python", replaced(".cdx.json", another_pin.as_bytes())),
        ("sbom-unreadable", replaced(".cdx.json", b"{}")),
        (
            "package-file-missing",
            packed(&|files| files.retain(|(path, _)| !path.ends_with(".cdx.json"))),
        ),
        (
            "package-file-missing",
            packed(&|files| files.retain(|(path, _)| !path.ends_with("NOTICES"))),
        ),
    ];
    for (code, tarball) in closed {
        let Err(PublishError::NotReady(report)) = publish(&registry, &canary, tarball) else {
            panic!("{code}: every gate is open")
        };
        let closed: Vec<_> = report.gates.iter().filter(|gate| !gate.is_open()).collect();
        let names: Vec<&str> = closed.iter().map(|gate| gate.name.name()).collect();
        assert_eq!(names, ["bill"], "{code}");
        let missing = closed[0].missing().join("\n");
        assert!(missing.contains(&format!("[{code}]")), "{code}: {missing}");
    }
    assert_eq!(canary.uploads(), 0);
    let twin = publish(&registry, &canary, packed(&|_| {}));
    assert!(!matches!(twin, Err(PublishError::NotReady(_))), "{twin:?}");
}

/// Publishes `tarball` with a manifest and a smoke report that fit it.
fn publish(registry: &LocalRegistry, canary: &Proxy, tarball: Vec<u8>) -> Result<(), PublishError> {
    let release = Release::new("0.1.0", registry, canary.url());
    fs::write(release.tarball(), tarball).unwrap();
    release.write_manifest(Some(super::support::release::REVISION.to_owned()));
    release.prove();
    release.plan().map(drop)
}
