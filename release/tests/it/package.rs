//! The package: what is staged, what each rule refuses, and that the last good tree stays.

use std::collections::BTreeMap;

use fs_err as fs;
use ktx_manifest::{Feature, Platform};
use ktx_release::{ErrorKind, Interrupt};

use crate::sources::{Sources, codes};

#[track_caller]
pub fn check(change: impl Fn(&mut Sources), expected: &[&str]) {
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
    let mut options = sources.package_options().expect("the sources are sound");
    options.programs = BTreeMap::from([(Platform::LinuxX64, sources.path("absent"))]);
    let error = ktx_release::package::PackagePlan::new(&options).expect_err("there is no program");
    assert_eq!(error.hint(), Some("run: cargo xtask build --platform linux-x64"));
}

#[test]
fn stale_locks_are_a_missing_prerequisite_unless_something_else_is_wrong() {
    let mut sources = Sources::new();
    let kind = |sources: &mut Sources| sources.plan_package().map(drop).map_err(|error| error.kind());
    assert_eq!(kind(&mut sources), Ok(()));
    sources.write("python/locks/gpu.txt", "evil==1.0\n");
    assert_eq!(
        kind(&mut sources),
        Err(ErrorKind::Failed),
        "a stray file is removed by hand"
    );
    sources.replace("python/pyproject.toml", "torch>=2.2", "torch>=2.3");
    assert_eq!(kind(&mut sources), Err(ErrorKind::Failed));
    sources.remove("python/locks/gpu.txt");
    assert_eq!(kind(&mut sources), Err(ErrorKind::Prerequisite));
}

#[test]
fn stale_locks_and_foreign_placeholders_are_refused() {
    let stale = ["lock-stale"; Feature::ALL.len()];
    check(
        |sources| sources.replace("python/pyproject.toml", "torch>=2.2", "torch>=2.3"),
        &stale,
    );
    check(
        |sources| sources.replace("python/pyproject.toml", "The payload", "A payload"),
        &[],
    );
    check(
        |sources| sources.replace("python/locks/core.txt", "lkml==1.3.7", "lkml==1.3.8"),
        &[
            vec!["lock-altered"],
            vec!["lock-clash"; Feature::ALL.len() - 1],
            vec!["wheel-sbom"; 3],
        ]
        .concat(),
    );
    check(
        |sources| sources.write("python/locks/gpu.txt", "evil==1.0\n"),
        &["lock-stray"],
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

#[test]
fn the_last_good_tree_stays_when_the_work_stops() {
    let sources = Sources::new();
    let package = sources.path("dist/package");
    let plan = sources.plan_package().expect("the sources are sound");
    plan.stage(&package, &Interrupt::new()).expect("it can be staged");
    fs::write(package.join("mark"), "").expect("it can be written");
    let stopped = plan.stage(&package, &crate::sources::interrupted());
    assert!(matches!(stopped, Err(ktx_release::Error::Interrupted)));
    assert!(package.join("mark").exists(), "the tree is the old one");
    plan.stage(&package, &Interrupt::new()).expect("it can be staged");
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
