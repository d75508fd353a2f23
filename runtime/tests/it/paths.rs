//! Roots and asset directories with the names that break programs.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use ktx_fixtures::sample_assets::SampleAssets;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_runtime::{Error, InstallOutcome, InstallPolicy, Interrupt, Runtime, StatusKind};

use crate::sandbox::{Sandbox, VERSION, core};

#[test]
fn names_that_mean_something_in_urls_shells_and_requirements_are_names() {
    let long = "l".repeat(200);
    for name in [
        "with blanks",
        "a#b",
        "a ; b",
        "a;b",
        "100%20",
        "%",
        "q?x=1&y",
        "it's \"quoted\"",
        "ключ-键",
        "$HOME",
        "[x]",
        &long,
    ] {
        let sandbox = Sandbox::with_sample();
        let root = sandbox.path().join(name).join("root");
        let assets = sandbox.path().join(name).join("assets");
        SampleAssets::default().write_to(&assets);
        let sandbox = sandbox
            .set("KTX_RUNTIME_ROOT", &root)
            .set("KTX_ASSET_DIR", &assets);
        let installed = sandbox
            .runtime()
            .install(&core(ktx_runtime::InstallMode::IfNeeded));
        assert!(installed.is_ok(), "{name}: {}", installed.expect_err("refused"));
        sandbox.assert_clean_and_ready();
    }
}

#[test]
fn assets_in_a_path_that_is_not_text_install_and_a_root_there_is_refused_with_a_way_out() {
    let sandbox = Sandbox::with_sample();
    let not_text = sandbox.path().join(OsString::from_vec(b"not\xfftext".to_vec()));
    SampleAssets::default().write_to(&not_text.join("assets"));
    let sandbox = sandbox.set("KTX_ASSET_DIR", not_text.join("assets"));
    sandbox.install();
    sandbox.assert_clean_and_ready();

    let sandbox = sandbox.set("KTX_RUNTIME_ROOT", not_text.join("root"));
    let runtime = sandbox.runtime();
    assert_eq!(runtime.status().kind, StatusKind::Missing);
    let error = runtime
        .install(&core(ktx_runtime::InstallMode::IfNeeded))
        .expect_err("uv cannot");
    assert!(matches!(error, Error::RootNotUtf8 { .. }), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.starts_with("set KTX_RUNTIME_ROOT")),
        "{error}"
    );
}

#[test]
fn a_missing_root_is_made_and_a_relative_one_is_refused() {
    let sandbox = Sandbox::with_sample();
    let deep = sandbox.path().join("a/b/c/root");
    let sandbox = sandbox.set("KTX_RUNTIME_ROOT", &deep);
    sandbox.install();
    sandbox.assert_clean_and_ready();

    let sandbox = sandbox.set("KTX_RUNTIME_ROOT", "relative/root");
    let refused = Runtime::new(sandbox.environment(), VERSION, Interrupt::new())
        .err()
        .expect("it is relative");
    assert_eq!(
        refused.to_string(),
        "KTX_RUNTIME_ROOT must be an absolute path: relative/root"
    );
}

#[test]
fn without_home_and_with_a_useless_xdg_variable_the_root_is_still_told() {
    let sandbox = Sandbox::with_sample().unset("KTX_RUNTIME_ROOT");
    let home = sandbox.path().join("home");
    let expected = home.join(".local/share/kaelio/ktx/runtime");
    for value in ["", "relative"] {
        let environment = sandbox.environment();
        let variables = environment
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let with_xdg = variables.chain([("XDG_DATA_HOME".into(), value.into())]);
        let environment = ktx_runtime::Environment::of_variables(with_xdg);
        let runtime = Runtime::new(environment, VERSION, Interrupt::new()).expect("a root");
        assert_eq!(runtime.layout().runtime_root, expected);
    }
    let sandbox = sandbox.unset("HOME");
    let error = Runtime::new(sandbox.environment(), VERSION, Interrupt::new())
        .err()
        .expect("no home");
    assert_eq!(error.hint(), "set HOME or KTX_RUNTIME_ROOT", "{error}");
}

/// As in an image that is mounted read-only: what is ready is used, what is not cannot be made so.
#[test]
fn a_ready_runtime_is_used_where_nothing_can_be_written() {
    let sandbox = Sandbox::with_sample();
    let mut wheel = SampleWheel::new("0.1.0rc0");
    wheel.set(
        "ktx_daemon/__main__.py",
        "def main():\n    print('{\"used\": true}')\n\n\nif __name__ == '__main__':\n    main()\n",
    );
    fs_err::remove_dir_all(sandbox.assets()).expect("removed");
    SampleAssets::with_wheel("0.1.0rc0", wheel.to_bytes()).write_to(&sandbox.assets());
    let Some(disk) = ktx_fixtures::small_disk::mount(&sandbox.root(), 4 << 20) else {
        return;
    };
    sandbox.install();
    for locks in ["there", "gone"] {
        if locks == "gone" {
            disk.remount("rw");
            fs_err::remove_dir_all(sandbox.root().join(".locks")).expect("removed");
        }
        disk.remount("ro");
        let runtime = sandbox.runtime();
        assert_eq!(runtime.status().kind, StatusKind::Ready);
        let answer = runtime.one_shot(
            "anything",
            &serde_json::json!({}),
            InstallPolicy::Never,
            &crate::ensure::Silent,
        );
        assert_eq!(answer.expect(locks)["used"], true, "{locks}");
        let error = runtime
            .install(&core(ktx_runtime::InstallMode::Always))
            .expect_err("read-only");
        assert!(error.to_string().contains("Read-only file system"), "{error}");
        assert_eq!(
            runtime
                .install(&core(ktx_runtime::InstallMode::IfNeeded))
                .expect("it is ready")
                .outcome,
            InstallOutcome::Reused
        );
        let facts = runtime.doctor().expect("a report").diagnostics;
        let root = facts
            .iter()
            .find(|fact| fact.id == "runtime-root")
            .expect("the fact");
        assert!(root.detail.contains(", not writable, "), "{}", root.detail);
    }
}

/// A root that even this user, who may be the administrator, cannot write: the kernel's own file system.
#[test]
fn a_root_that_cannot_be_written_is_an_error_that_names_it() {
    let sandbox = Sandbox::with_sample().set("KTX_RUNTIME_ROOT", "/proc/ktx-runtime");
    let error = sandbox
        .runtime()
        .install(&core(ktx_runtime::InstallMode::IfNeeded))
        .expect_err("read-only");
    let said = error.to_string();
    assert!(said.contains("`/proc/ktx-runtime"), "{said}");
    assert_eq!(
        error.hint().as_deref(),
        Some("make this folder writable, or set KTX_RUNTIME_ROOT to one that is")
    );
    let doctor = sandbox.runtime().doctor().expect("a report");
    assert!(!doctor.is_healthy());
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Missing);
    assert_eq!(sandbox.runtime().plan_prune(), ktx_runtime::PrunePlan::default());
    assert!(PathBuf::from("/proc").exists());
}
