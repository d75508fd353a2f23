//! Each kind of change is named, and nothing else is.

use ktx_inspect::{Comparison, LockChanges, Side, Upload, compare};
use ktx_manifest::smoke_report::SchemaVersion;

use crate::packages::Sample;

fn lines(change: impl FnOnce(&mut Sample)) -> Vec<String> {
    let before = Sample::new();
    let mut after = before.clone();
    change(&mut after);
    let (before, after) = (before.package(), after.package());
    let comparison = Comparison {
        schema_version: SchemaVersion,
        registry: "https://registry.example/".to_owned(),
        candidate: Side::of("0.2.0", &after),
        against: Some(Side::of("0.1.0", &before)),
        changes: Some(compare(&before, &after)),
        history: Vec::new(),
    };
    let text = serde_json::to_string(&comparison).expect("it is written");
    let read: Comparison = serde_json::from_str(&text).expect("what was written is read");
    assert_eq!(read, comparison);
    let lines = comparison.lines().into_iter();
    // Sizes are in every comparison.
    let is_size = |line: &String| {
        line.contains("(±0 %)") || line.starts_with("tarball: ") || line.starts_with("unpacked: ")
    };
    lines
        .skip(1)
        .filter(|line| !is_size(line))
        .map(|line| without_sizes(&line))
        .collect()
}

/// The samples change their sizes with the formats.
fn without_sizes(line: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in line.split(' ') {
        match word {
            "B" | "kB" => *words.last_mut().expect("a number") = "[SIZE]",
            "%)" => *words.last_mut().expect("a number") = "[GROWTH]",
            word => words.push(word),
        }
    }
    words.join(" ")
}

#[track_caller]
fn check(change: impl FnOnce(&mut Sample), expected: &[&str]) {
    assert_eq!(lines(change), expected);
}

#[test]
fn equal_packages_differ_in_nothing() {
    check(|_| {}, &["files: 6 -> 6"]);
}

#[test]
fn the_version_alone_is_no_difference_of_names() {
    check(
        |sample| sample.with_wheel("0.2.0"),
        &[
            "files: 6 -> 6",
            "~ assets/python/kaelio_ktx-*-py3-none-any.whl [SIZE] -> [SIZE]",
            "~ wheel: kaelio_ktx-*.dist-info/METADATA [SIZE] -> [SIZE]",
            "~ wheel: kaelio_ktx-*.dist-info/RECORD [SIZE] -> [SIZE]",
        ],
    );
}

#[test]
fn files_that_come_go_change_and_become_executable() {
    check(
        |sample| {
            sample
                .files
                .insert("readme.md".to_owned(), (vec![b'x'; 1500], false));
            sample.files.remove("native/win32-x64/ktx.exe");
            sample.files.get_mut("assets/python/core.txt").expect("a lock").1 = true;
        },
        &[
            "files: 6 -> 6",
            "native/win32-x64/ktx.exe: removed",
            "+ readme.md [SIZE]",
            "- native/win32-x64/ktx.exe [SIZE]",
            "! assets/python/core.txt became executable",
        ],
    );
}

#[test]
fn pins_that_come_go_change_and_get_other_hashes() {
    check(
        |sample| {
            *sample.content("assets/python/core.txt") =
                b"alpha==1.0 \\\n    --hash=sha256:cc\ngamma==3.0 \\\n    --hash=sha256:dd\n".to_vec();
        },
        &[
            "files: 6 -> 6",
            "assets/python/core.txt: + gamma 3.0, upload time not known",
            "assets/python/core.txt: - beta 2.0",
            "assets/python/core.txt: ! alpha 1.0 has other hashes, upload time not known",
            "~ assets/python/core.txt [SIZE] -> [SIZE]",
        ],
    );
}

#[test]
fn new_hosts_are_named_with_their_files_also_in_programs() {
    check(
        |sample| {
            sample
                .content("native/linux-x64/ktx")
                .extend(b"\0https://collector.example.net/v1\0");
            *sample.content("dist/bin.js") = b"#!/usr/bin/env node\n".to_vec();
        },
        &[
            "files: 6 -> 6",
            "native/linux-x64/ktx: [SIZE] -> [SIZE] [GROWTH]",
            "new host: collector.example.net in native/linux-x64/ktx",
            "host is gone: docs.example.com in dist/bin.js",
            "~ dist/bin.js [SIZE] -> [SIZE]",
            "~ native/linux-x64/ktx [SIZE] -> [SIZE]",
        ],
    );
}

#[test]
fn scripts_and_dependencies_of_package_json() {
    check(
        |sample| {
            *sample.content("package.json") =
                br#"{"name": "@kaelio/ktx", "version": "0.2.0", "scripts": {"postinstall": "node x.js"}}"#
                    .to_vec();
        },
        &[
            "files: 6 -> 6",
            r#"package.json scripts: nothing -> {"postinstall":"node x.js"}"#,
            "~ package.json [SIZE] -> [SIZE]",
        ],
    );
}

#[test]
fn the_age_of_a_new_pin_is_said_where_it_is_known() {
    let upload = |day: &str, days| Upload {
        at: format!("{day}T08:00:00Z").parse().expect("a time"),
        days,
    };
    let named = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()));
        pairs.collect()
    };
    let mut changes = LockChanges {
        added: named(&[("alpha", "1.0"), ("beta", "2.0")]),
        removed: named(&[("old", "0.1")]),
        ..LockChanges::default()
    };
    let newest = |changes: &LockChanges| changes.newest().unwrap_or_default();
    assert_eq!(
        newest(&changes),
        "2 new pins, the last alpha 1.0, upload time not known"
    );
    changes.uploads.insert("beta".to_owned(), upload("2031-01-30", 1));
    assert_eq!(
        newest(&changes),
        "2 new pins, the last beta 2.0, uploaded 2031-01-30, 1 day before this comparison; of 1 the upload time is not known"
    );
    changes
        .uploads
        .insert("alpha".to_owned(), upload("2031-01-01", 30));
    assert_eq!(
        newest(&changes),
        "2 new pins, the last beta 2.0, uploaded 2031-01-30, 1 day before this comparison"
    );
    changes.added.clear();
    assert_eq!(changes.newest(), None, "what is gone has no age");
}
