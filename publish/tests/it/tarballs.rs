//! A tarball that two readers may read differently is not published, whatever its manifest and its smoke report say.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;
use ktx_fixtures::registry_proxy::Proxy;
use ktx_manifest::Feature;
use ktx_publish::{ErrorClass, PublishError};
use tar::{Builder, EntryType, Header};

use super::support::release::lock;
use super::support::{LocalRegistry, Release};

const PACKAGE_JSON: &[u8] = br#"{"name": "@kaelio/ktx", "version": "0.1.0"}"#;
const PROGRAM: &str = "package/native/linux-x64/ktx";

fn header(kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_size(size as u64);
    header.set_mode(0o644);
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
    file(
        &mut archive,
        PROGRAM,
        b"a program, ktx-build-mark:release:rustc 1.95.0:end",
    );
    for name in Feature::ALL.map(Feature::lock_file) {
        file(
            &mut archive,
            &format!("package/assets/python/{name}"),
            lock().as_bytes(),
        );
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

/// Publishes `tarball` with a manifest and a smoke report that fit it.
fn publish(registry: &LocalRegistry, canary: &Proxy, tarball: Vec<u8>) -> Result<(), PublishError> {
    let release = Release::new("0.1.0", registry, canary.url());
    fs::write(release.tarball(), tarball).unwrap();
    release.write_manifest(Some(super::support::release::REVISION.to_owned()));
    release.prove();
    release.plan().map(drop)
}
