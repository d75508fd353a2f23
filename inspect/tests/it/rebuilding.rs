//! One planted byte, wherever it is, is found and named.

use ktx_inspect::{Cause, Kind, Package, differences};
use ktx_names::Platform;

use crate::packages::Sample;

fn planted(change: impl FnOnce(&mut Sample)) -> Vec<String> {
    let published = Sample::new();
    let mut rebuilt = published.clone();
    change(&mut rebuilt);
    let found = differences(&published.package(), &rebuilt.package());
    found.iter().map(|difference| difference.line()).collect()
}

#[test]
fn equal_packages_are_equal() {
    assert_eq!(planted(|_| {}), Vec::<String>::new());
}

#[test]
fn one_byte_of_any_file_is_found_at_its_offset() {
    let sample = Sample::new();
    for path in sample.files.keys().filter(|path| !path.ends_with(".whl")) {
        let length = sample.files[path].0.len();
        for offset in [0, length / 2, length - 1] {
            let mut rebuilt = sample.clone();
            rebuilt.content(path)[offset] ^= 0x80;
            let found = differences(&sample.package(), &rebuilt.package());
            assert_eq!(found.len(), 1, "{path} {offset}: {found:?}");
            assert_eq!(found[0].path, *path);
            let Kind::Content { offset: at, .. } = &found[0].kind else {
                panic!("{found:?}")
            };
            assert_eq!(*at, offset, "{path}");
        }
    }
}

#[test]
fn one_byte_of_a_file_in_the_wheel_is_found_and_the_wheel_itself_is_not_named_again() {
    let published = Sample::new().package();
    for path in published.wheel.keys() {
        let mut rebuilt: Package = published.clone();
        rebuilt.wheel.get_mut(path).expect("a file").content.push(b'x');
        let wheel = rebuilt.files.iter_mut().find(|(path, _)| path.ends_with(".whl"));
        wheel.expect("a wheel").1.content.push(b'x');
        let found = differences(&published, &rebuilt);
        let paths: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, [format!("wheel: {path}")]);
    }
}

#[test]
fn files_and_modes_that_differ() {
    let found = planted(|sample| {
        sample.files.remove("dist/bin.js");
        sample.files.insert("new.txt".to_owned(), (Vec::new(), false));
        sample.files.get_mut("package.json").expect("a file").1 = true;
    });
    assert_eq!(
        found,
        [
            "dist/bin.js: only in the published package",
            "new.txt: only in the rebuilt package",
            "package.json: executable in one of the two only",
        ]
    );
}

#[test]
fn the_likely_cause_is_read_from_the_programs() {
    let commit = |digit: &str| format!("/rustc/{}/library/core", digit.repeat(40));
    for (published, rebuilt, expected) in [
        (
            commit("a"),
            commit("b"),
            Cause::Compiler {
                published: "a".repeat(40),
                rebuilt: "b".repeat(40),
            },
        ),
        (
            "registry/src/index/serde-1.0.1/src".to_owned(),
            "registry/src/index/serde-1.0.2/src".to_owned(),
            Cause::Dependencies {
                published: vec!["serde-1.0.1".to_owned()],
                rebuilt: vec!["serde-1.0.2".to_owned()],
            },
        ),
        (
            "xxxxxxxxxx".to_owned(),
            "/home/alex/".to_owned(),
            Cause::Path {
                found: "/home/alex".to_owned(),
            },
        ),
        ("one".to_owned(), "two".to_owned(), Cause::Unknown),
    ] {
        let path = Platform::LinuxX64.program_path();
        let with = |text: &str| {
            let mut sample = Sample::new();
            sample.content(&path).extend(format!("\0{text}\0").as_bytes());
            sample.package()
        };
        let found = differences(&with(&published), &with(&rebuilt));
        let [difference] = found.as_slice() else {
            panic!("{found:?}")
        };
        let Kind::Content { cause, .. } = &difference.kind else {
            panic!("{found:?}")
        };
        assert_eq!(*cause, expected);
    }
}
