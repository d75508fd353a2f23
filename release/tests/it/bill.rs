//! The bill of materials and the notices: what they are made from, and that each untruth in them is refused.

use std::collections::BTreeMap;

use fs_err as fs;
use ktx_fixtures::sample_program;
use ktx_manifest::sbom::{Component, ComponentKind, Dependency, SBOM, Sbom};
use ktx_manifest::{LockFile, Platform, Sha256Digest};
use ktx_release::archive::Mode;
use ktx_release::bill::{BillSources, CrateSource, NOTICES};
use ktx_release::package::{PackageContents, judge};

use crate::sources::{Sources, VERSION, codes, finding_codes};

const PROGRAM: &str = "native/linux-x64/ktx";

/// serde is in the program, and cc only built it.
const CRATES: &str = r#"{"packages": [
    {"name": "cc", "version": "1.2.0", "source": "crates.io", "kind": "build"},
    {"name": "ktx", "version": "1.2.3", "source": "local", "root": true, "dependencies": [0, 2, 3]},
    {"name": "libsqlite3-sys", "version": "0.39.1", "source": "crates.io"},
    {"name": "serde", "version": "1.0.1", "source": "crates.io"}
], "format": 1}"#;

/// Sources with one program, which has crates with licences.
fn sources(crates: &str) -> Sources {
    let mut sources = Sources::new();
    let program = sample_program::program_of_crates("1.2.3", crates);
    sources.programs = BTreeMap::from([(Platform::LinuxX64, program)]);
    for (path, text) in [
        ("crates/serde/LICENSE-MIT", "Permission of serde  \r\n"),
        ("crates/serde/LICENSE-APACHE", "Apache of serde\n"),
        ("crates/serde/src/lib.rs", ""),
        ("crates/libsqlite3-sys/LICENSE", "Permission of rusqlite\n"),
        (
            "crates/libsqlite3-sys/sqlite3/sqlite3.h",
            "#define SQLITE_VERSION        \"3.54.1\"\n",
        ),
    ] {
        sources.write(path, text);
    }
    let known = |name: &str, version: &str, license: &str| {
        let source = CrateSource {
            license: Some(license.to_owned()),
            sha256: (name != "ktx").then(|| Sha256Digest::of(name)),
            folder: sources.path(&format!("crates/{name}")),
        };
        ((name.to_owned(), version.to_owned()), source)
    };
    sources.bill = BillSources {
        revision: Some("c0ffee".to_owned()),
        crates: BTreeMap::from([
            known("ktx", "1.2.3", "Apache-2.0"),
            known("libsqlite3-sys", "0.39.1", "MIT"),
            known("serde", "1.0.1", "MIT/Apache-2.0"),
        ]),
    };
    sources
}

fn contents(sources: &Sources) -> PackageContents {
    sources
        .plan_package()
        .unwrap_or_else(|error| panic!("{error}: {:#?}", error.findings()))
        .contents()
        .clone()
}

fn text(contents: &PackageContents, path: &str) -> String {
    String::from_utf8(contents.get(path).expect("it is there").bytes.to_vec()).expect("text")
}

#[test]
fn the_bill_lists_what_is_in_the_program_and_the_locks() {
    let contents = contents(&sources(CRATES));
    let program = Sha256Digest::of(contents.get(PROGRAM).expect("it is there").bytes).to_string();
    let wheel = contents
        .below("assets/python")
        .find(|(name, _)| name.ends_with(".whl"))
        .map(|(_, file)| Sha256Digest::of(file.bytes).to_string());
    let bill = text(&contents, SBOM)
        .replace(&program, "[PROGRAM]")
        .replace(&wheel.expect("a wheel"), "[WHEEL]");
    insta::assert_snapshot!(bill);
    insta::assert_snapshot!(text(&contents, NOTICES));
}

#[test]
fn the_same_sources_make_the_same_bill() {
    let [one, other] = [sources(CRATES), sources(CRATES)].map(|sources| contents(&sources));
    for path in [SBOM, NOTICES] {
        assert_eq!(text(&one, path), text(&other, path), "{path}");
    }
}

#[track_caller]
fn check(change: impl Fn(&mut Sources), expected: &[&str]) {
    let mut sources = sources(CRATES);
    assert_eq!(
        codes(sources.plan_package()),
        Vec::<String>::new(),
        "the twin passes"
    );
    change(&mut sources);
    assert_eq!(codes(sources.plan_package()), expected);
}

#[test]
fn a_crate_that_cannot_be_described_is_refused() {
    let key = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let serde = || key("serde", "1.0.1");
    check(
        |sources| drop(sources.bill.crates.remove(&serde())),
        &["sbom-crate-unknown", "sbom-undescribed"],
    );
    for license in [None, Some(""), Some("MIT/"), Some("see LICENSE")] {
        check(
            |sources| {
                let source = sources.bill.crates.get_mut(&serde()).expect("it is there");
                source.license = license.map(str::to_owned);
            },
            &["sbom-license-missing"],
        );
    }
    check(
        |sources| sources.remove("crates/libsqlite3-sys/LICENSE"),
        &["license-text-missing", "notices-incomplete"],
    );
    // The text of the Apache License is in every package.
    check(
        |sources| {
            sources.remove("crates/serde/LICENSE-MIT");
            sources.remove("crates/serde/LICENSE-APACHE");
        },
        &[],
    );
    check(
        |sources| sources.replace("python/locks/licenses.toml", "torch", "torchvision"),
        &["python-license-missing", "sbom-undescribed"],
    );
    let foreign = |crates: &str| sample_program::program_of_crates("1.2.3", crates);
    for crates in [
        CRATES.replacen("crates.io\"}", "git\"}", 1),
        CRATES.replacen("\"packages\"", "\"parcels\"", 1),
    ] {
        check(
            |sources| drop(sources.programs.insert(Platform::LinuxX64, foreign(&crates))),
            &["program-crates", "sbom-undescribed"],
        );
    }
}

#[test]
fn a_licence_that_is_not_allowed_is_refused() {
    for (license, expected) in [
        ("GPL-3.0-only", &["license-not-allowed"][..]),
        ("GPL-3.0-only AND MIT", &["license-not-allowed"]),
        ("GPL-3.0-only OR MIT", &[]),
    ] {
        check(
            |sources| {
                let mut crates = sources.bill.crates.iter_mut();
                let (_, serde) = crates
                    .find(|((name, _), _)| name == "serde")
                    .expect("it is there");
                serde.license = Some(license.to_owned());
            },
            expected,
        );
    }
    // The bill of the wheel is made from the same table, and the wheel is built first.
    let sources = sources(CRATES);
    sources.replace(
        "python/locks/licenses.toml",
        "lkml = \"MIT\"",
        "lkml = \"AGPL-3.0-only\"",
    );
    assert_eq!(codes(sources.plan_wheel()), ["license-not-allowed"]);
}

#[track_caller]
fn refused(change: impl Fn(&mut Sbom), expected: &[&str]) {
    let mut contents = contents(&sources(CRATES));
    let mut sbom: Sbom = serde_json::from_str(&text(&contents, SBOM)).expect("a bill");
    change(&mut sbom);
    put(&mut contents, SBOM, sbom.to_text());
    let findings = judge(&contents, &VERSION).expect("it can be judged");
    assert_eq!(finding_codes(&findings), expected, "{findings:#?}");
}

fn put(contents: &mut PackageContents, path: &str, text: String) {
    contents.insert(path.parse().expect("safe"), Mode::Regular, text.into_bytes());
}

fn parts<'s>(sbom: &'s mut Sbom, reference: &str) -> &'s mut Vec<String> {
    let mut all = sbom.dependencies.iter_mut();
    let found = all.find(|dependency| dependency.reference == reference);
    &mut found.expect("it is there").depends_on
}

#[test]
fn no_crate_more_and_none_less() {
    refused(|_| {}, &[]);
    let serde = "pkg:cargo/serde@1.0.1";
    refused(
        |sbom| parts(sbom, PROGRAM).retain(|part| part != serde),
        &["sbom-crates"],
    );
    refused(
        |sbom| sbom.components.retain(|component| component.reference != serde),
        &["sbom-undescribed"],
    );
    refused(
        |sbom| parts(sbom, PROGRAM).push("pkg:cargo/cc@1.2.0".to_owned()),
        &["sbom-crates", "sbom-undescribed"],
    );
    refused(
        |sbom| {
            let extra = "pkg:cargo/cc@1.2.0";
            sbom.components
                .push(Component::new(ComponentKind::Library, extra, "cc"));
        },
        &["sbom-surplus"],
    );
    // Another SQLite than the one in the program.
    refused(
        |sbom| {
            let sqlite = "pkg:generic/sqlite@3.53.0";
            for part in parts(sbom, PROGRAM) {
                *part = part.replace("pkg:generic/sqlite@3.54.1", sqlite);
            }
        },
        &["sbom-crates", "sbom-surplus", "sbom-undescribed"],
    );
    refused(
        |sbom| parts(sbom, PROGRAM).retain(|part| !part.starts_with("pkg:generic/sqlite")),
        &["sbom-crates", "sbom-surplus"],
    );
    refused(
        |sbom| parts(sbom, PROGRAM).retain(|part| !part.starts_with("pkg:generic/rust-std")),
        &["sbom-crates"],
    );
}

#[test]
fn a_program_whose_list_was_lost_is_refused() {
    let lost = |platform: Platform, list: Option<&str>| {
        let program = match list {
            Some(crates) => sample_program::program_of_crates("1.2.3", crates),
            None => sample_program::program(platform.as_str(), "1.2.3"),
        };
        let mut sources = sources(CRATES);
        sources.programs.insert(platform, program);
        codes(sources.plan_package())
    };
    for platform in Platform::ALL {
        let expected: &[&str] = match platform {
            // Without another program to compare with, nothing says that there was one.
            Platform::LinuxX64 => &[],
            _ => &["program-crates"],
        };
        assert_eq!(lost(platform, None), expected, "{platform}");
    }
    assert_eq!(
        lost(Platform::LinuxX64, Some(CRATES)),
        Vec::<String>::new(),
        "the twin passes"
    );
}

#[test]
fn files_and_locks_are_those_of_the_package() {
    refused(
        |sbom| parts(sbom, "assets/python/core.txt").clear(),
        &["sbom-python"],
    );
    for file in [PROGRAM, "assets/python/core.txt"] {
        refused(
            |sbom| {
                let mut all = sbom.components.iter_mut();
                let found = all
                    .find(|component| component.reference == file)
                    .expect("it is there");
                found.hashes.clear();
            },
            &["sbom-digest"],
        );
    }
    refused(
        |sbom| sbom.metadata.component.version = Some("1.2.4".to_owned()),
        &["sbom-version"],
    );
    refused(
        |sbom| {
            sbom.dependencies.push(Dependency {
                reference: "x".to_owned(),
                depends_on: Vec::new(),
            })
        },
        &["sbom-undescribed"],
    );
    let mut contents = contents(&sources(CRATES));
    for text in ["", "{}", "{\"bomFormat\": \"CycloneDX\"}"] {
        put(&mut contents, SBOM, text.to_owned());
        let findings = judge(&contents, &VERSION).expect("it can be judged");
        assert_eq!(finding_codes(&findings), ["sbom-unreadable"], "{text}");
    }
    contents.remove(SBOM);
    let findings = judge(&contents, &VERSION).expect("it can be judged");
    assert_eq!(finding_codes(&findings), ["package-file-missing"]);
}

#[test]
fn notices_without_a_component_are_refused() {
    let whole = contents(&sources(CRATES));
    let notices = text(&whole, NOTICES);
    let headings = [
        "serde 1.0.1 (MIT OR Apache-2.0)",
        "sqlite 3.54.1 (blessing)",
        "rust-std 1.95.0 (MIT OR Apache-2.0)",
    ];
    for heading in headings {
        assert!(notices.contains(heading), "{heading}");
        let mut contents = whole.clone();
        put(&mut contents, NOTICES, notices.replace(heading, ""));
        let findings = judge(&contents, &VERSION).expect("it can be judged");
        assert_eq!(finding_codes(&findings), ["notices-incomplete"], "{heading}");
        assert!(findings[0].message.contains(heading), "{}", findings[0].message);
    }
}

#[test]
fn the_wheel_has_a_bill_of_its_own_about_the_locks_beside_it() {
    let sources = sources(CRATES);
    sources.build_wheel();
    // Another lock than the wheel was built beside.
    let path = "python/locks/core.txt";
    let text = fs::read_to_string(sources.path(path)).expect("it is text");
    let lock = LockFile::read(&text).expect("it holds");
    let pins = lock.pins.replacen("sha256:000", "sha256:111", 1);
    sources.write(path, LockFile { pins: &pins, ..lock }.to_string());
    assert_eq!(codes(sources.plan_package()), ["wheel-sbom"]);
    sources.build_wheel();
    assert_eq!(codes(sources.plan_package()), Vec::<String>::new());
    fs::remove_dir_all(sources.path("dist/artifacts/python")).expect("it is there");
    assert_eq!(codes(sources.plan_package()), Vec::<String>::new());
}
