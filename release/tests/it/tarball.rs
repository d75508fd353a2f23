//! The tarball: npm's form, exact modes, and the errors of packing.

use std::collections::BTreeMap;

use flate2::read::GzDecoder;
use fs_err as fs;
use ktx_release::package::PackageContents;
use ktx_release::{Interrupt, tarball};

use crate::sources::{Sources, codes};

#[test]
fn entries_are_as_npm_writes_them() {
    let sources = Sources::new();
    let path = sources.pack();
    let mut archive = tar::Archive::new(GzDecoder::new(
        fs::File::open(path).expect("the tarball is there"),
    ));
    let mut modes = BTreeMap::new();
    let mut paths = Vec::new();
    for entry in archive.entries().expect("a tar archive") {
        let entry = entry.expect("an entry");
        let header = entry.header();
        assert_eq!(
            header.mtime().expect("a time"),
            499_162_500,
            "1985-10-26T08:15:00Z"
        );
        assert_eq!(
            (header.uid().expect("a number"), header.gid().expect("a number")),
            (0, 0)
        );
        assert!(header.entry_type().is_file());
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        modes.insert(path.clone(), header.mode().expect("a mode"));
        paths.push(path);
    }
    assert!(paths.iter().all(|path| path.starts_with("package/")));
    assert!(paths.is_sorted());
    let executable: Vec<_> = modes
        .iter()
        .filter(|(_, mode)| **mode == 0o755)
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        executable,
        [
            "package/dist/bin.js",
            "package/native/darwin-arm64/ktx",
            "package/native/darwin-x64/ktx",
            "package/native/linux-arm64/ktx",
            "package/native/linux-x64/ktx",
            "package/native/win32-x64/ktx.exe",
        ]
    );
    assert!(modes.values().all(|mode| [0o644, 0o755].contains(mode)));
}

#[test]
fn a_strict_reader_sees_the_staged_tree() {
    let sources = Sources::new();
    let plan = sources.plan_package().expect("the sources are sound");
    let file = fs::File::open(sources.pack()).expect("the tarball is there");
    let contents = PackageContents::unpack(file, "x.tgz").expect("a sound tarball");
    let listed = plan.list().expect("it can be listed");
    assert!(
        listed
            .iter()
            .map(|entry| entry.path.as_str())
            .eq(contents.iter().map(|(path, _)| path))
    );
}

#[test]
fn a_tree_with_what_cannot_be_packed_is_refused() {
    let sources = Sources::new();
    let path = sources.pack();
    let before = fs::read(&path).expect("the tarball is there");
    let package = sources.path("dist/package");
    let pack = || tarball::pack(&package, &path, Interrupt::never());
    assert_eq!(codes(pack()), Vec::<String>::new(), "the twin passes");
    fs::write(package.join(".npmrc"), "").expect("it can be written");
    assert_eq!(codes(pack()), ["tree-dotfile"]);
    assert_eq!(
        fs::read(&path).expect("the tarball is there"),
        before,
        "the last good one stays"
    );
    fs::remove_dir_all(&package).expect("it can be removed");
    assert_eq!(codes(pack()), ["missing"]);
}

#[test]
fn an_interrupted_pack_leaves_the_last_good_one_alone() {
    let sources = Sources::new();
    let path = sources.pack();
    let folder = path.parent().expect("it is in a folder");
    let stopped = tarball::pack(&sources.path("dist/package"), &path, Interrupt::new(&|| true));
    assert!(matches!(stopped, Err(ktx_release::Error::Interrupted)));
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
    assert!(path.exists());
}
