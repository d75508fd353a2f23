//! Interpreters in bundles: taken along, put below the root, removed when nothing needs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use ktx_runtime::{InstallMode, Interrupt, Platform, Runtime};

use super::{Bench, connected};
use crate::pythons::interpreters;
use crate::sandbox::{Sandbox, core};

/// An interpreter that uv manages goes along, and serves a machine without any Python.
#[test]
fn an_interpreter_goes_along_and_stays_as_long_as_a_runtime_uses_it() {
    let bench = Bench::new();
    let pythons = bench.connected.path().join("pythons");
    let name = manage(&interpreters().pop().expect("a Python"), &pythons, &bench.python);
    let connected = connected(Sandbox::with_sample(), &bench.inputs).set("UV_PYTHON_INSTALL_DIR", &pythons);
    let request = bench.request(&[]);
    let report = connected.runtime().create_bundle(&request).expect("a bundle");
    let host = Platform::host().expect("a platform");
    let interpreter = report.manifest.platforms[&host]
        .interpreter
        .as_ref()
        .expect("an interpreter");
    assert_eq!(interpreter.name.as_str(), name);
    assert!(
        interpreter
            .links
            .keys()
            .any(|link| link.as_str() == "bin/python3"),
        "{interpreter:?}"
    );

    let without = bench.bare().set("PATH", "/nowhere");
    let plain = bench.create();
    let error = without
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &plain.path)
        .expect_err("no Python");
    assert!(
        error
            .to_string()
            .contains(&format!("its wheels are for Python {}", bench.python)),
        "{error}"
    );
    assert!(error.hint().expect("a hint").contains("--python"), "{error}");

    let report = connected.runtime().create_bundle(&request).expect("a bundle");
    without
        .runtime()
        .install_from(&core(InstallMode::IfNeeded), &report.path)
        .expect("it installs");
    let base = Command::new(&without.runtime().layout().python_path)
        .args(["-I", "-c", "import sys, alpha, beta_x; print(sys.base_prefix)"])
        .output()
        .expect("it runs");
    let base = PathBuf::from(String::from_utf8_lossy(&base.stdout).trim());
    assert_eq!(
        base.parent(),
        Some(&*without.root().join("python")),
        "{}",
        base.display()
    );
    assert!(
        base.file_name()
            .expect("a name")
            .to_string_lossy()
            .starts_with(&name)
    );
    // Installed again from the same bundle, it is the same interpreter.
    without
        .runtime()
        .install_from(&core(InstallMode::Always), &report.path)
        .expect("it installs");
    assert_eq!(
        fs_err::read_dir(without.root().join("python"))
            .expect("the folder")
            .count(),
        1
    );
    assert!(without.runtime().plan_prune().stale.is_empty(), "it is used");
    fs_err::create_dir(without.root().join("python/somebodys")).expect("made");
    let newer = Runtime::new(without.environment(), "0.2.0", Interrupt::new()).expect("a root");
    let plan = newer.plan_prune();
    let stale: Vec<_> = plan.stale.iter().map(|stale| stale.path.clone()).collect();
    assert_eq!(stale, [without.version_dir(), base.clone()]);
    newer.prune(plan).expect("no signal");
    assert!(!base.exists() && !without.version_dir().exists());
    assert!(without.root().join("python/somebodys").exists());
}

/// Makes an interpreter look as those that uv installs; their own are downloads from elsewhere.
pub fn manage(python: &Path, pythons: &Path, version: &str) -> String {
    let ask = "import sys, sysconfig, platform; print(platform.python_version(), sysconfig.get_path('stdlib'), \
               platform.machine(), sys._base_executable)";
    let output = Command::new(python)
        .args(["-I", "-c", ask])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let [full, stdlib, machine, executable] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{text}");
    };
    let name = format!("cpython-{full}-linux-{machine}-gnu");
    let root = pythons.join(&name);
    fs_err::create_dir_all(root.join("bin")).expect("made");
    let program = format!("python{version}");
    fs_err::copy(executable, root.join("bin").join(&program)).expect("copied");
    std::os::unix::fs::symlink(&program, root.join("bin/python3")).expect("linked");
    copy_library(Path::new(stdlib), &root.join("lib").join(&program));
    name
}

fn copy_library(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("made");
    for entry in fs_err::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let big = [
            "test",
            "tests",
            "site-packages",
            "dist-packages",
            "idlelib",
            "__pycache__",
        ];
        let kind = entry.file_type().expect("a kind");
        if big.iter().any(|big| name == *big) || name.to_string_lossy().starts_with("config-") {
            continue;
        }
        if kind.is_dir() {
            copy_library(&entry.path(), &to.join(name));
        } else if kind.is_file() {
            fs_err::copy(entry.path(), to.join(name)).expect("copied");
        }
    }
}
