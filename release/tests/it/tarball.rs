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
fn a_strict_reader_sees_what_was_judged() {
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
    let plan = sources.plan_package().expect("the sources are sound");
    let packed = fs::read(sources.pack_plan(&plan)).expect("the tarball is there");
    let (package, again) = (sources.path("dist/package"), sources.path("dist/again.tgz"));
    plan.stage(&package, &Interrupt::new()).expect("it can be staged");
    let read = PackageContents::read(&package).expect("a sound tree");
    tarball::pack(&read, &again, &Interrupt::new()).expect("it can be packed");
    assert!(
        fs::read(again).expect("it is there") == packed,
        "the tree is what was packed"
    );
    fs::write(package.join(".npmrc"), "").expect("it can be written");
    assert_eq!(codes(PackageContents::read(&package)), ["tree-dotfile"]);
}

/// What is in `dist/package` afterwards is for people: the tarball is made of what was judged.
#[test]
fn a_tree_that_changes_after_it_was_judged_does_not_ship() {
    let sources = Sources::new();
    let plan = sources.plan_package().expect("the sources are sound");
    let package = sources.path("dist/package");
    plan.stage(&package, &Interrupt::new()).expect("it can be staged");
    let untouched = fs::read(sources.pack_plan(&plan)).expect("the tarball is there");
    fs::write(package.join("dist/bin.js"), "process.exit(1)").expect("it can be written");
    sources.write("npm/dist/bin.js", "process.exit(1)");
    let packed = fs::read(sources.pack_plan(&plan)).expect("the tarball is there");
    assert!(packed == untouched);
}

#[test]
fn an_interrupted_pack_leaves_the_last_good_one_alone() {
    let sources = Sources::new();
    let plan = sources.plan_package().expect("the sources are sound");
    let path = sources.pack_plan(&plan);
    let folder = path.parent().expect("it is in a folder");
    let stopped = tarball::pack(plan.contents(), &path, &crate::sources::interrupted());
    assert!(matches!(stopped, Err(ktx_release::Error::Interrupted)));
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
    assert!(path.exists());
}

#[test]
fn a_file_with_a_time_of_its_own_is_named() {
    let sources = Sources::new();
    let path = sources.pack();
    let repacked = |time: Option<u64>| {
        let file = fs::File::open(&path).expect("the tarball is there");
        let mut archive = tar::Archive::new(GzDecoder::new(file));
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut copy = tar::Builder::new(gzip);
        for entry in archive.entries().expect("a tar archive") {
            let mut entry = entry.expect("an entry");
            let mut header = entry.header().clone();
            if let Some(time) = time.filter(|_| header.path_bytes().ends_with(b"LICENSE")) {
                header.set_mtime(time);
                header.set_cksum();
            }
            copy.append(&header, &mut entry).expect("it is copied");
        }
        copy.into_inner()
            .and_then(|gzip| gzip.finish())
            .expect("a tarball")
    };
    for (time, refused) in [(None, false), (Some(0), true), (Some(1_764_288_000), true)] {
        let bytes = repacked(time);
        let codes = match PackageContents::unpack(bytes.as_slice(), "x.tgz") {
            Ok(_) => Vec::new(),
            Err(findings) => crate::sources::finding_codes(&findings),
        };
        let expected: &[&str] = if refused { &["tarball-time"] } else { &[] };
        assert_eq!(codes, expected, "{time:?}");
    }
}
