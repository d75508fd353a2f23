//! What is changed behind the back of an installed runtime is found before it is trusted, and repaired.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use ktx_runtime::{Error, InstallMode, InstallOutcome, InstallPolicy, StatusKind};

use crate::ensure::Silent;
use crate::sandbox::{Sandbox, core};

fn site_packages(sandbox: &Sandbox) -> PathBuf {
    let lib = sandbox.version_dir().join(".venv/lib");
    let python = fs_err::read_dir(lib)
        .expect("lib")
        .next()
        .expect("one")
        .expect("an entry");
    python.path().join("site-packages")
}

/// Damage to an installed module.
const HARM: [fn(PathBuf); 4] = [
    |package| fs_err::remove_dir_all(package).expect("removed"),
    |package| fs_err::remove_file(package.join("__init__.py")).expect("removed"),
    |package| fs_err::write(package.join("__init__.py"), "").expect("written"),
    |package| {
        fs_err::remove_file(package.join("__init__.py")).expect("removed");
        fs_err::create_dir(package.join("__init__.py")).expect("a folder in its place");
    },
];

#[test]
fn damaged_files_are_installed_again_and_whole_ones_are_not() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    for harm in HARM {
        assert_eq!(sandbox.install().outcome, InstallOutcome::Reused);
        harm(site_packages(&sandbox).join("semantic_layer"));
        assert_eq!(
            sandbox.runtime().status().kind,
            StatusKind::Ready,
            "status stays fast"
        );
        assert_eq!(sandbox.install().outcome, InstallOutcome::Installed);
        sandbox.assert_clean_and_ready();
    }
}

#[test]
fn a_command_that_fails_for_damage_names_it_and_what_repairs_it() {
    for module in ["sqlglot", "pydantic_core", "ktx_daemon"] {
        let sandbox = Sandbox::with_installed_payload();
        fs_err::remove_dir_all(site_packages(&sandbox).join(module)).expect("removed");
        let payload = serde_json::json!({"sql": "select 1", "dialect": "postgres"});
        let error = sandbox
            .runtime()
            .one_shot(
                "sql-validate-read-only",
                &payload,
                InstallPolicy::Never,
                &*Arc::new(Silent),
            )
            .expect_err("a module is missing");
        let text = error.to_string();
        assert!(matches!(error, Error::NotReady { .. }), "{module}: {text}");
        assert!(text.starts_with("KTX Python runtime is damaged: "), "{text}");
        assert!(text.contains(module), "{text}");
        assert_eq!(
            error.hint().as_deref(),
            Some("run: ktx runtime install --yes --force")
        );
        assert!(!text.contains("Traceback"), "{text}");
    }
}

#[test]
fn what_is_installed_is_no_part_of_the_cache_and_a_damaged_cache_is_passed_over() {
    let sandbox = Sandbox::with_sample();
    let cache = sandbox.path().join("cache");
    let sandbox = sandbox.set("UV_CACHE_DIR", &cache);
    sandbox.install();
    let installed = site_packages(&sandbox).join("semantic_layer/__init__.py");
    assert_eq!(fs_err::metadata(&installed).expect("it is there").nlink(), 1);
    let mut changed = 0;
    let mut folders = vec![cache];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).expect("a folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                fs_err::write(&path, "raise SystemExit('changed in the cache')\n").expect("written");
                changed += 1;
            }
        }
    }
    assert!(changed > 1, "the cache has sources");
    let runtime = sandbox.runtime();
    let report = runtime.install(&core(InstallMode::Always)).expect("it installs");
    assert_eq!(report.outcome, InstallOutcome::Installed);
    sandbox.assert_clean_and_ready();
    let text = fs_err::read_to_string(installed).expect("it is there");
    assert!(!text.contains("changed in the cache"));
}

#[test]
fn what_a_killed_install_left_is_swept_by_an_install_that_has_nothing_to_do() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let left = sandbox
        .root()
        .join(format!(".staging-{}-0123456789abcdef", crate::sandbox::VERSION));
    fs_err::create_dir(&left).expect("a folder");
    fs_err::write(left.join(".ktx-runtime"), "").expect("a marker");
    assert_eq!(sandbox.install().outcome, InstallOutcome::Reused);
    assert!(!left.exists());
}
