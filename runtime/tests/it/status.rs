//! The states of a runtime, in the order in which they are looked for, and that looking writes nothing.

use ktx_runtime::StatusKind;

use crate::sandbox::Sandbox;

const FIRST_RELEASE: &str = include_str!("installed_manifest_of_the_first_release.json");

#[track_caller]
fn check(sandbox: &Sandbox, kind: StatusKind, detail: &str) {
    let status = sandbox.runtime().status();
    let shown = status
        .detail
        .replace(&sandbox.path().display().to_string(), "[SANDBOX]");
    assert_eq!((status.kind, shown.as_str()), (kind, detail));
}

#[test]
fn every_state_has_its_detail() {
    let sandbox = Sandbox::with_sample();
    let manifest = sandbox.version_dir().join("manifest.json");
    check(
        &sandbox,
        StatusKind::Missing,
        "No runtime manifest at [SANDBOX]/runtimes/0.1.0-rc.0/manifest.json",
    );
    assert!(!sandbox.root().exists(), "asking creates nothing");

    fs_err::create_dir_all(sandbox.version_dir()).expect("a directory");
    fs_err::write(&manifest, FIRST_RELEASE).expect("written");
    check(
        &sandbox,
        StatusKind::Mismatched,
        "Runtime is for CLI 0.4.0, current CLI is 0.1.0-rc.0",
    );
    fs_err::write(
        &manifest,
        FIRST_RELEASE.replace("\"cliVersion\": \"0.4.0\"", "\"cliVersion\": \"0.1.0-rc.0\""),
    )
    .expect("written");
    check(
        &sandbox,
        StatusKind::Broken,
        "Missing Python executable: [SANDBOX]/runtimes/0.1.0-rc.0/.venv/bin/python",
    );

    sandbox.install();
    check(
        &sandbox,
        StatusKind::Ready,
        "Runtime ready at [SANDBOX]/runtimes/0.1.0-rc.0",
    );
    let daemon = sandbox.version_dir().join(".venv/bin/ktx-daemon");
    fs_err::rename(&daemon, sandbox.path().join("aside")).expect("moved");
    check(
        &sandbox,
        StatusKind::Broken,
        "Missing ktx-daemon executable: [SANDBOX]/runtimes/0.1.0-rc.0/.venv/bin/ktx-daemon",
    );
    fs_err::rename(sandbox.path().join("aside"), &daemon).expect("moved");

    fs_err::rename(sandbox.assets(), sandbox.path().join("assets aside")).expect("moved");
    check(
        &sandbox,
        StatusKind::Broken,
        "Missing bundled Python runtime manifest: [SANDBOX]/assets/manifest.json\n\
         In a source checkout, build the local runtime assets with: cargo xtask build\n\
         Then retry the runtime-backed ktx command.",
    );
    fs_err::rename(sandbox.path().join("assets aside"), sandbox.assets()).expect("moved");
    check(
        &sandbox,
        StatusKind::Ready,
        "Runtime ready at [SANDBOX]/runtimes/0.1.0-rc.0",
    );
}

#[test]
fn a_manifest_that_is_not_one_is_broken() {
    let sandbox = Sandbox::with_sample();
    sandbox.install();
    let path = sandbox.version_dir().join("manifest.json");
    let good = fs_err::read_to_string(&path).expect("the manifest");
    for (old, new) in [
        ("{", ""),
        ("\"schemaVersion\": 1", "\"schemaVersion\": 2"),
        ("\"schemaVersion\": 1", "\"schemaVersion\": \"1\""),
        ("\"cliVersion\": \"0.1.0-rc.0\"", "\"cliVersion\": \"\""),
        ("\"features\": [\n    \"core\"\n  ]", "\"features\": []"),
        ("\"features\": [\n    \"core\"\n  ]", "\"features\": [\"other\"]"),
        ("\"installLog\"", "\"log\""),
        ("\"daemonExecutable\"", "\"daemon\""),
    ] {
        let damaged = good.replacen(old, new, 1);
        assert_ne!(damaged, good, "{old}");
        fs_err::write(&path, damaged).expect("written");
        let status = sandbox.runtime().status();
        assert_eq!(status.kind, StatusKind::Broken, "{old} -> {new}");
        assert!(
            status.detail.starts_with("Runtime manifest is invalid: "),
            "{}",
            status.detail
        );
    }
    fs_err::remove_file(&path).expect("removed");
    fs_err::create_dir(&path).expect("a directory");
    assert_eq!(sandbox.runtime().status().kind, StatusKind::Broken);
    // Whatever is there, installing repairs it.
    sandbox.install();
    sandbox.assert_clean_and_ready();
}
