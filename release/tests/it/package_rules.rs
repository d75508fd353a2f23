//! The rules that hold for a staged tree and for a tarball alike, tried on a package in memory.

use std::collections::BTreeMap;

use fs_err as fs;
use ktx_manifest::Platform;
use ktx_release::archive::Mode;
use ktx_release::package::{PROGRAM_LIST, PackageContents, PackageJson, judge};

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
    check_contents(edit_json("commonjs", "module"), &[mismatch]);
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
        &["package-launcher", "package-telemetry"],
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
    check_contents(without_linux_x64, &["sbom-surplus"]);
    check_contents(|contents| contents.remove("README.md"), &["package-file-missing"]);
}

/// A package may be without a platform, if it does not state a program's size for it; its bill of materials still lists
/// the program.
fn without_linux_x64(contents: &mut PackageContents) {
    contents.remove("native/linux-x64/ktx");
    let bytes = contents.get(PROGRAM_LIST).expect("it is there").bytes;
    let mut sizes: BTreeMap<String, u64> = serde_json::from_slice(bytes).expect("it is a list");
    sizes.remove("linux-x64").expect("it is in the list");
    state_sizes(contents, &sizes);
}

fn state_sizes(contents: &mut PackageContents, sizes: &BTreeMap<String, u64>) {
    contents.insert(
        PROGRAM_LIST.parse().expect("safe"),
        Mode::Regular,
        ktx_manifest::json_text(sizes).into_bytes(),
    );
}

#[test]
fn the_sizes_of_programs_are_stated_as_they_are() {
    let wrong = &["package-program-size"];
    check_contents(
        |contents| contents.remove("native/linux-x64/ktx"),
        &["package-program-size", "sbom-surplus"],
    );
    check_contents(put(PROGRAM_LIST, "{}\n"), wrong);
    check_contents(put(PROGRAM_LIST, "{"), wrong);
    check_contents(
        |contents| contents.remove(PROGRAM_LIST),
        &["package-file-missing"],
    );
    for change in [-1_i64, 1] {
        let other = |contents: &mut PackageContents| {
            let bytes = contents.get(PROGRAM_LIST).expect("it is there").bytes;
            let mut sizes: BTreeMap<String, u64> = serde_json::from_slice(bytes).expect("it is a list");
            for size in sizes.values_mut() {
                *size = size.checked_add_signed(change).expect("programs are not empty");
            }
            state_sizes(contents, &sizes);
        };
        check_contents(other, wrong);
    }
}

#[test]
fn javascript_starts_everywhere_and_loads_nothing_foreign() {
    let launcher = |text: &'static str| {
        move |contents: &mut PackageContents| {
            contents.insert(
                "dist/bin.js".parse().expect("safe"),
                Mode::Executable,
                text.into(),
            );
        }
    };
    let refused = &["package-launcher"];
    check_contents(launcher("#!/usr/bin/env node\r\n'use strict';\r\n"), refused);
    for text in [
        "",
        "'use strict';\n",
        "#!/usr/bin/node\n",
        " #!/usr/bin/env node\n",
        "#!/usr/bin/env node",
    ] {
        check_contents(launcher(text), refused);
    }
    for line in [
        "require('left-pad')",
        "require(\"left-pad\")",
        "require( `left-pad` )",
        "require('./absent.js')",
        "require('../package.json')",
        "import('left-pad')",
        "import 'left-pad'",
        "import pad from 'left-pad'",
        "export * from './absent.js'",
        "require(name)",
        "require(\n  name\n)",
        "import(`${name}`)",
        "import(process.env.NAME)",
    ] {
        check_contents(put("dist/program.js", line), refused);
    }
    check_contents(put("dist/streams.js", "'use strict';\r\n"), refused);
    check_contents(launcher("#!/usr/bin/env node\nrequire('./program.js');\n"), &[]);
    for line in [
        "require('fs')",
        "require('node:zlib')",
        "import { x } from 'node:module'",
        "import './error.js'",
    ] {
        check_contents(put("dist/program.js", line), &[]);
    }
}

/// The sources name no host; a package says where uv would look, and everybody must be able to ask there.
#[test]
fn the_package_says_where_uv_is_downloaded_from_by_default() {
    let pin = "assets/uv.json";
    check_contents(
        |contents| {
            let text = String::from_utf8(contents.get(pin).expect("the pin").bytes.to_vec());
            let text = text.expect("text");
            assert!(text.contains("\"defaultIndex\": \"https://index.example/simple\""));
            let unstamped = text.replace("\"defaultIndex\": \"https://index.example/simple\",", "");
            contents.insert(pin.parse().expect("safe"), Mode::Regular, unstamped.into_bytes());
        },
        &["package-uv-pin"],
    );
    for index in [
        "",
        "http://index.example/simple",
        "https://ada:key@index.example/simple",
    ] {
        check(
            |sources| sources.default_index = index.to_owned(),
            &["package-uv-pin"],
        );
    }
    check(
        |sources| sources.write("npm/assets/uv.json", "{}"),
        &["package-uv-pin"],
    );
}

#[test]
fn assets_are_what_their_manifest_says() {
    check_contents(
        put("assets/python/core.txt", "# another\n"),
        &[
            "asset-requirements-checksum",
            "sbom-python",
            "sbom-digest",
            "wheel-sbom",
            "wheel-sbom",
        ],
    );
    check_contents(put("assets/python/extra.txt", ""), &["package-asset-unlisted"]);
    check_contents(
        put("assets/python/deeper/extra.txt", ""),
        &["package-asset-unlisted"],
    );
    check_contents(
        put("assets/python/kaelio_ktx-1.2.3-py3-none-any.whl", "PK"),
        &["asset-wheel-checksum", "sbom-digest"],
    );
    let other_version = |contents: &mut PackageContents| {
        let other = Sources::new();
        let found = judge(contents, &semver::Version::new(1, 2, 4)).expect("it can be judged");
        assert!(finding_codes(&found).contains(&"package-wheel-version".to_owned()));
        drop(other);
    };
    check_contents(other_version, &[]);
}
