//! What doctor checks, and what it explains.

use super::bench::Bench;

#[test]
fn three_checks_decide_and_diagnostics_explain() {
    let bench = Bench::with_sample();
    let before = bench.transcript(&[&["runtime", "doctor"]]);
    assert!(!bench.root().exists(), "doctor changes nothing");
    bench.install();
    let after = bench.transcript(&[&["runtime", "doctor"]]);
    insta::assert_snapshot!(format!("{before}{after}"), @"
    $ ktx runtime doctor
    KTX Python runtime doctor
    PASS uv: [UV_VERSION]
    PASS Bundled Python wheel: [SANDBOX]/assets/kaelio_ktx-0.1.0rc0-py3-none-any.whl
    FAIL Managed Python runtime: No runtime manifest at [SANDBOX]/runtime/[VERSION]/manifest.json
         Fix: Run: ktx runtime install --yes
    Diagnostics
         uv found at: [UV]
         Python to install with: [PYTHON]
         Runtime root: [SANDBOX]/runtime, not there yet, writable, [SPACE] free
         Install lock: free
         Daemon lock: free
         Interrupted installs: none
         Installed files: nothing is installed
         Daemon: stopped: No daemon state at [SANDBOX]/runtime/[VERSION]/daemon.json
         Proxy and certificate settings: [SETTINGS]
         Package: no bill of materials
    --- exit 1
    $ ktx runtime doctor
    KTX Python runtime doctor
    PASS uv: [UV_VERSION]
    PASS Bundled Python wheel: [SANDBOX]/assets/kaelio_ktx-0.1.0rc0-py3-none-any.whl
    PASS Managed Python runtime: Runtime ready at [SANDBOX]/runtime/[VERSION]
    Diagnostics
         uv found at: [UV]
         Python to install with: [PYTHON]
         Runtime root: [SANDBOX]/runtime, writable, [SPACE] free
         Install lock: free
         Daemon lock: free
         Interrupted installs: none
         Installed files: as recorded
         Daemon: stopped: No daemon state at [SANDBOX]/runtime/[VERSION]/daemon.json
         Proxy and certificate settings: [SETTINGS]
         Package: no bill of materials
    --- exit 0
    ");
}

#[test]
fn a_failure_names_its_fix() {
    let bench = Bench::with_sample();
    let nowhere = bench.sandbox().root().join("uv").display().to_string();
    let bench = bench.variable("KTX_UV", &nowhere);
    fs_err::remove_file(bench.sandbox().root().join("assets/manifest.json")).expect("removed");
    insta::assert_snapshot!(bench.transcript(&[&["runtime", "doctor"]]), @"
    $ ktx runtime doctor
    KTX Python runtime doctor
    FAIL uv: failed to run `[SANDBOX]/uv`: KTX_UV names no program
         Fix: Install uv, make sure it is on PATH, and run: ktx runtime install --yes
    FAIL Bundled Python wheel: Missing bundled Python runtime manifest: [SANDBOX]/assets/manifest.json
    In a source checkout, build the local runtime assets with: cargo xtask build
    Then retry the runtime-backed ktx command.
         Fix: Reinstall @kaelio/ktx@[VERSION]
    FAIL Managed Python runtime: No runtime manifest at [SANDBOX]/runtime/[VERSION]/manifest.json
         Fix: Run: ktx runtime install --yes
    Diagnostics
         uv found at: not found
         Python to install with: [PYTHON]
         Runtime root: [SANDBOX]/runtime, not there yet, writable, [SPACE] free
         Install lock: free
         Daemon lock: free
         Interrupted installs: none
         Installed files: nothing is installed
         Daemon: stopped: No daemon state at [SANDBOX]/runtime/[VERSION]/daemon.json
         Proxy and certificate settings: [SETTINGS]
         Package: no bill of materials
    --- exit 1
    ");
}

#[test]
fn json_has_exactly_the_three_checks_and_stable_ids() {
    let bench = Bench::with_sample();
    bench.install();
    let report = bench
        .sandbox()
        .run(&["runtime", "doctor", "--json"])
        .succeeds()
        .json();
    let ids = |key: &str| -> Vec<String> {
        let listed = report[key].as_array().expect("a list");
        listed
            .iter()
            .map(|entry| entry["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids("checks"), ["uv", "asset", "runtime"]);
    assert_eq!(
        ids("diagnostics"),
        [
            "uv-path",
            "python",
            "runtime-root",
            "install-lock",
            "daemon-lock",
            "leftovers",
            "installed-files",
            "daemon",
            "network",
            "package"
        ]
    );
    assert!(
        report["checks"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|check| check["status"] == "pass")
    );
}

#[test]
fn files_that_were_changed_or_added_are_named() {
    let bench = Bench::with_sample();
    bench.install();
    let lib = bench.version_dir().join(".venv/lib");
    let python = fs_err::read_dir(lib)
        .expect("lib")
        .next()
        .expect("a Python")
        .expect("an entry")
        .path();
    let site_packages = python.join("site-packages");
    fs_err::write(site_packages.join("semantic_layer/__init__.py"), "changed\n").expect("written");
    fs_err::write(site_packages.join("evil.pth"), "import os\n").expect("written");
    fs_err::remove_file(site_packages.join("semantic_layer/py.typed")).expect("removed");
    let shown = bench.transcript(&[&["runtime", "doctor"]]);
    let line = shown
        .lines()
        .find(|line| line.contains("Installed files"))
        .expect("the line");
    for part in [
        "3 differ from what is recorded, repaired by ktx runtime install --force: ",
        "evil.pth: no RECORD lists it",
        "semantic_layer/__init__.py: its content is not what its RECORD says",
        "semantic_layer/py.typed: it is missing",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(
        shown.ends_with("--- exit 0\n"),
        "diagnostics do not decide: {shown}"
    );
}

#[test]
fn credentials_of_a_proxy_are_not_shown() {
    let bench = Bench::with_sample().variable("HTTPS_PROXY", "http://ada:hunter22@proxy.example:3128");
    let shown = bench.sandbox().run(&["runtime", "doctor"]).stdout();
    assert!(
        shown.contains("HTTPS_PROXY=http://****@proxy.example:3128"),
        "{shown}"
    );
    assert!(!shown.contains("hunter22"), "{shown}");
}
