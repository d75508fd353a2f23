//! The package: what is staged, what each rule refuses, and that the last good tree stays.

use std::collections::BTreeMap;

use fs_err as fs;
use ktx_manifest::Platform;
use ktx_release::Interrupt;
use ktx_release::archive::Mode;
use ktx_release::package::{HostAnswer, PackageContents, PackageJson, judge};

use crate::sources::{Sources, VERSION, codes, finding_codes};
use ktx_fixtures::sample_program::{self as programs, Elf, MachO};

#[track_caller]
fn check(change: impl Fn(&mut Sources), expected: &[&str]) {
    let mut sources = Sources::new();
    assert_eq!(
        codes(sources.plan_package()),
        Vec::<String>::new(),
        "the twin passes"
    );
    change(&mut sources);
    assert_eq!(codes(sources.plan_package()), expected);
}

#[test]
fn holds_launcher_programs_and_assets_with_their_modes() {
    let listed = Sources::new()
        .plan_package()
        .expect("the sources are sound")
        .list()
        .expect("it can be listed");
    let lines: String = listed
        .iter()
        .map(|entry| format!("{} {}\n", entry.mode, entry.path))
        .collect();
    insta::assert_snapshot!(lines);
}

#[test]
fn a_program_must_be_for_its_platform() {
    let put = |platform: Platform, header: Vec<u8>| {
        move |sources: &mut Sources| {
            drop(
                sources
                    .programs
                    .insert(platform, programs::marked(header.clone(), "1.2.3")),
            )
        }
    };
    let elf = |fields: Elf| put(Platform::LinuxX64, programs::elf(fields));
    check(
        elf(Elf {
            kind: 2,
            ..Elf::default()
        }),
        &[],
    );
    check(
        elf(Elf {
            system: 3,
            ..Elf::default()
        }),
        &[],
    );
    check(
        elf(Elf {
            machine: 183,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            machine: 243,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            system: 9,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            kind: 1,
            ..Elf::default()
        }),
        &["program-unreadable"],
    );
    check(
        elf(Elf {
            segment: 3,
            ..Elf::default()
        }),
        &["program-not-static"],
    );
    check(
        put(Platform::LinuxX64, programs::elf(Elf::default())[..40].to_vec()),
        &["program-unreadable"],
    );
    check(
        put(Platform::LinuxX64, b"#!/bin/sh\n".to_vec()),
        &["program-unreadable"],
    );
    check(put(Platform::LinuxX64, Vec::new()), &["program-unreadable"]);
    check(
        put(Platform::LinuxX64, programs::pe(0x8664, 2)),
        &["program-platform"],
    );

    let arm = 0x0100_000c;
    let signed = [programs::SIGNATURE];
    check(
        put(
            Platform::DarwinArm64,
            programs::macho(arm, MachO::Executable, &[]),
        ),
        &["program-unsigned"],
    );
    // Another load command, LC_UUID, is no signature.
    check(
        put(
            Platform::DarwinArm64,
            programs::macho(arm, MachO::Executable, &[0x1b]),
        ),
        &["program-unsigned"],
    );
    check(
        put(
            Platform::DarwinArm64,
            programs::macho(arm, MachO::Library, &signed),
        ),
        &["program-unreadable"],
    );
    check(
        put(
            Platform::DarwinX64,
            programs::macho(arm, MachO::Executable, &signed),
        ),
        &["program-platform"],
    );
    check(
        put(Platform::DarwinX64, b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec()),
        &["program-unreadable"],
    );
    check(
        put(Platform::Win32X64, programs::pe(0xaa64, 2)),
        &["program-platform"],
    );
    check(
        put(Platform::Win32X64, programs::pe(0x8664, 0x2002)),
        &["program-unreadable"],
    );
}

#[test]
fn a_program_must_be_of_the_version() {
    let put = |tail: &'static str| {
        move |sources: &mut Sources| {
            let mut program = programs::elf(Elf::default());
            program.extend_from_slice(tail.as_bytes());
            sources.programs.insert(Platform::LinuxX64, program);
        }
    };
    check(put("ktx-version-marker:1.2.3:end"), &[]);
    check(
        put("ktx-version-marker:1.2.3:end ktx-version-marker:1.2.3:end"),
        &[],
    );
    check(put("ktx-version-marker: ktx-version-marker:1.2.3:end"), &[]);
    check(put(""), &["program-version"]);
    check(put("ktx-version-marker:1.2.4:end"), &["program-version"]);
    check(put("ktx-version-marker:1.2.3-rc.1:end"), &["program-version"]);
    check(put("ktx-version-marker:1.2.3"), &["program-version"]);
    check(
        put("ktx-version-marker:1.2.3:end ktx-version-marker:1.2.4:end"),
        &["program-version"],
    );
}

#[test]
fn the_hosts_program_must_say_its_version() {
    let answer = |answer: HostAnswer| move |sources: &mut Sources| sources.host_answer = Some(answer.clone());
    let said = |text: &str| answer(HostAnswer::Said(text.to_owned()));
    check(said("@kaelio/ktx 1.2.4\n"), &["program-version"]);
    check(said("ktx 1.2.3\n"), &["program-version"]);
    check(said(""), &["program-version"]);
    check(
        answer(HostAnswer::Failed("signal: 11".to_owned())),
        &["program-version"],
    );
}

#[test]
fn prerequisites_are_missing_not_wrong() {
    check(
        |sources| sources.remove("dist/artifacts/python/kaelio_ktx-1.2.3-py3-none-any.whl"),
        &["missing"],
    );
    check(|sources| sources.remove("python/locks/core.txt"), &["missing"]);
    check(
        |sources| sources.remove("python/locks/local-embeddings.txt"),
        &["missing"],
    );
    check(|sources| sources.programs.clear(), &["package-program-missing"]);
    let sources = Sources::new();
    sources.build_wheel();
    let mut options = sources.package_options();
    options.programs = BTreeMap::from([(Platform::LinuxX64, sources.path("absent"))]);
    let error = ktx_release::package::PackagePlan::new(&options).expect_err("there is no program");
    assert_eq!(error.hint(), Some("run: cargo xtask build --platform linux-x64"));
}

#[test]
fn stale_locks_and_foreign_placeholders_are_refused() {
    let stale = ["lock-stale", "lock-stale"];
    check(
        |sources| sources.replace("python/pyproject.toml", "torch>=2.2", "torch>=2.3"),
        &stale,
    );
    check(
        |sources| sources.replace("python/pyproject.toml", "The payload", "A payload"),
        &[],
    );
    check(
        |sources| sources.replace("npm/package.json", "0.0.0-private", "1.2.3"),
        &["package-placeholder-invalid"],
    );
    check(
        |sources| sources.replace("npm/package.json", "@kaelio/ktx", "ktx"),
        &["package-name-mismatch"],
    );
}

#[test]
fn the_trees_that_ship_hold_nothing_hidden() {
    check(
        |sources| sources.remove("npm/README.md"),
        &["file-missing", "package-file-missing"],
    );
    check(
        |sources| sources.remove("LICENSE"),
        &["file-missing", "package-file-missing"],
    );
    check(
        |sources| sources.remove("npm/dist/index.mjs"),
        &["package-file-missing"],
    );
    check(|sources| sources.write("npm/dist/.npmrc", ""), &["tree-dotfile"]);
    check(
        |sources| sources.write("npm/dist/BIN.js", ""),
        &["entry-collision"],
    );
    check(
        |sources| sources.write("npm/dist/extra.js", ""),
        &["package-file-unexpected"],
    );
    check(|sources| sources.write("npm/assets/demo/extra.yaml", ""), &[]);
    #[cfg(unix)]
    check(
        |sources| {
            let link = sources.path("npm/dist/link.js");
            fs::os::unix::fs::symlink("bin.js", link).expect("a link can be made");
        },
        &["tree-symlink"],
    );
}

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

#[test]
fn the_last_good_tree_stays_when_the_work_stops() {
    let sources = Sources::new();
    let package = sources.path("dist/package");
    let plan = sources.plan_package().expect("the sources are sound");
    plan.stage(&package, Interrupt::never())
        .expect("it can be staged");
    fs::write(package.join("mark"), "").expect("it can be written");
    let stopped = plan.stage(&package, Interrupt::new(&|| true));
    assert!(matches!(stopped, Err(ktx_release::Error::Interrupted)));
    assert!(package.join("mark").exists(), "the tree is the old one");
    plan.stage(&package, Interrupt::never())
        .expect("it can be staged");
    assert!(!package.join("mark").exists(), "the tree is the new one");
    let names: Vec<_> = fs::read_dir(sources.path("dist"))
        .expect("a folder")
        .map(|entry| entry.expect("readable").file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert_eq!(
        names,
        Vec::<std::ffi::OsString>::new(),
        "nothing half-written is left"
    );
}
