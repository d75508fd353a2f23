//! What the bill of materials says about zig is what the pinned zig is.

use std::path::PathBuf;

use fs_err as fs;
use ktx_release::bill::ZIG;

use crate::tidy::{root, text};

/// The library folder of the zig that the toolchain installs.
fn zig() -> PathBuf {
    let lib = root().join("target/tools/cross/lib");
    let entries = fs::read_dir(&lib).expect("zig is installed; run: cargo xtask test");
    let folders = entries.map(|entry| entry.expect("readable").path().join("site-packages/ziglang"));
    folders
        .into_iter()
        .find(|folder| folder.is_dir())
        .expect("ziglang is there")
}

#[test]
fn the_c_libraries_are_those_of_the_pinned_zig() {
    let pin = format!("ziglang=={}", ZIG.version);
    assert!(
        text("xtask/tools/cross.txt").contains(&format!("{pin} ")),
        "{pin}"
    );
    let library = zig().join("lib/libc");
    let read = |path: &str| fs::read_to_string(library.join(path)).expect("zig has it");
    assert!(read("musl/src/internal/version.h").contains(&format!("\"{}\"", ZIG.musl)));
    let header = read("include/any-windows-any/_mingw_mac.h");
    let number = |name: &str| {
        let line = format!("#define __MINGW64_VERSION_{name} ");
        let found = header.lines().find_map(|text| text.strip_prefix(line.as_str()));
        found.expect("it has a version").trim().to_owned()
    };
    let version = ["MAJOR", "MINOR", "BUGFIX"].map(number).join(".");
    assert_eq!(version, ZIG.mingw_w64);
}

#[test]
fn the_notices_are_the_files_of_zig() {
    let tidy = |text: String| {
        text.lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect::<String>()
    };
    for (ours, theirs) in [
        ("zig", "LICENSE"),
        ("musl", "lib/libc/musl/COPYRIGHT"),
        ("mingw-w64", "lib/libc/mingw/COPYING"),
    ] {
        let theirs = fs::read_to_string(zig().join(theirs)).expect("zig has it");
        assert_eq!(
            tidy(text(&format!("release/notices/{ours}.txt"))),
            tidy(theirs),
            "{ours}"
        );
    }
}
