//! The rules that hold for a staged tree and for a tarball alike, tried on a package in memory.

use fs_err as fs;
use ktx_manifest::Platform;
use ktx_release::archive::Mode;
use ktx_release::package::{PackageContents, PackageJson, judge};

use crate::package::check;
use crate::sources::{Sources, VERSION, finding_codes};

/// The rules that hold for a tarball too, tried on a package in memory.
#[track_caller]
fn check_contents(change: impl Fn(&mut PackageContents), expected: &[&str]) {
    let sources = Sources::new();
    let file = fs::File::open(sources.pack()).expect("the tarball is there");
    let mut contents = PackageContents::unpack(file, "x.tgz").expect("a sound tarball");
    let found =
        |contents: &PackageContents| finding_codes(&judge(contents, &VERSION).expect("it can be judged"));
    assert_eq!(found(&contents), Vec::<String>::new(), "the twin passes");
    change(&mut contents);
    assert_eq!(found(&contents), expected);
}

fn put(path: &'static str, bytes: &'static str) -> impl Fn(&mut PackageContents) {
    move |contents| contents.insert(path.parse().expect("safe"), Mode::Regular, bytes.into())
}

fn edit_json(from: &'static str, to: &'static str) -> impl Fn(&mut PackageContents) {
    move |contents| {
        let text = PackageJson::new(VERSION).to_text();
        assert!(text.contains(from), "{from:?} is not in package.json");
        let text = text.replacen(from, to, 1);
        contents.insert(
            "package.json".parse().expect("safe"),
            Mode::Regular,
            text.into_bytes(),
        );
    }
}

#[test]
fn installing_runs_nothing_and_brings_nothing() {
    let mismatch = "package-json-mismatch";
    let first = "\"name\"";
    let script = |name: &str| format!("\"scripts\": {{\"{name}\": \"x\"}}, \"name\"");
    for name in ["preinstall", "install", "postinstall", "prepare", "test"] {
        let script: &'static str = script(name).leak();
        check_contents(edit_json(first, script), &["package-install-script", mismatch]);
    }
    check_contents(
        edit_json(first, "\"dependencies\": {}, \"name\""),
        &["package-dependency", mismatch],
    );
    check_contents(
        edit_json(first, "\"bundleDependencies\": true, \"name\""),
        &["package-dependency", mismatch],
    );
    check_contents(edit_json(first, "\"gypfile\": true, \"name\""), &[mismatch]);
    check_contents(edit_json(first, "\"type\": \"module\", \"name\""), &[mismatch]);
    check_contents(
        edit_json(
            "\"access\": \"public\"",
            "\"access\": \"public\", \"tag\": \"latest\"",
        ),
        &[mismatch],
    );
    check_contents(edit_json("1.2.3", "1.2.4"), &["package-version-mismatch"]);
    check_contents(edit_json("./dist/bin.js", "./dist/index.mjs"), &[mismatch]);
    check_contents(put("package.json", "{"), &["package-json-invalid"]);
    check_contents(
        put("binding.gyp", "{}"),
        &["package-file-unexpected", "package-install-script"],
    );
}

#[test]
fn nothing_reports_about_its_users() {
    check_contents(
        put("dist/index.mjs", "import posthog from 'posthog-node'"),
        &["package-telemetry"],
    );
    check_contents(
        put("assets/demo/ktx.yaml", "url: https://api.mixpanel.com/track"),
        &["package-telemetry"],
    );
    check_contents(
        put("assets/demo/ktx.yaml", "events: telemetry, sentry, segment"),
        &[],
    );
}

#[test]
fn telemetry_inside_the_wheel_and_the_programs_is_found() {
    let python = |sources: &mut Sources| {
        sources.write("python/ktx_daemon/report.py", "import sentry_sdk\n");
        sources.build_wheel();
    };
    check(python, &["package-telemetry"]);
    let program = |sources: &mut Sources| {
        let program = sources
            .programs
            .get_mut(&Platform::LinuxX64)
            .expect("it is there");
        program.extend_from_slice(b"https://app.posthog.com");
    };
    check(program, &["package-telemetry"]);
}

#[test]
fn files_and_modes_are_exactly_those_that_belong() {
    let mode = |path: &'static str, mode: Mode| {
        move |contents: &mut PackageContents| {
            let bytes = contents.get(path).expect("it is there").bytes.to_vec();
            contents.insert(path.parse().expect("safe"), mode, bytes);
        }
    };
    check_contents(mode("dist/bin.js", Mode::Regular), &["package-mode"]);
    check_contents(mode("native/linux-x64/ktx", Mode::Regular), &["package-mode"]);
    check_contents(mode("dist/index.mjs", Mode::Executable), &["package-mode"]);
    check_contents(put("native/linux-x64/extra", ""), &["package-file-unexpected"]);
    check_contents(put("native/plan9-x64/ktx", ""), &["package-file-unexpected"]);
    check_contents(|contents| contents.remove("native/linux-x64/ktx"), &[]);
    check_contents(|contents| contents.remove("README.md"), &["package-file-missing"]);
}

#[test]
fn assets_are_what_their_manifest_says() {
    check_contents(
        put("assets/python/core.txt", "# another\n"),
        &["asset-requirements-checksum"],
    );
    check_contents(put("assets/python/extra.txt", ""), &["package-asset-unlisted"]);
    check_contents(
        put("assets/python/deeper/extra.txt", ""),
        &["package-asset-unlisted"],
    );
    check_contents(
        put("assets/python/kaelio_ktx-1.2.3-py3-none-any.whl", "PK"),
        &["asset-wheel-checksum"],
    );
    let other_version = |contents: &mut PackageContents| {
        let other = Sources::new();
        let found = judge(contents, &semver::Version::new(1, 2, 4)).expect("it can be judged");
        assert!(finding_codes(&found).contains(&"package-wheel-version".to_owned()));
        drop(other);
    };
    check_contents(other_version, &[]);
}
