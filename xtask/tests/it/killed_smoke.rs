//! A smoke that is killed at any moment leaves no process and no file outside of its temporary folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use fs_err as fs;
use ktx_manifest::Sha256Digest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

/// Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program that leaves a child in its own session and never ends.
const HANGS: &str = "#!/usr/bin/env node
const { spawn } = require('child_process');
spawn('setsid', ['sleep', '600'], { detached: true, stdio: 'inherit' });
setInterval(() => {}, 1000);
";

#[test]
fn a_killed_smoke_is_cleaned_up_by_its_guardian() {
    check(Signal::KILL, None);
}

#[test]
fn a_terminated_smoke_cleans_up_and_exits_143() {
    check(Signal::TERM, Some(143));
}

#[test]
fn an_interrupted_smoke_cleans_up_and_exits_130() {
    check(Signal::INT, Some(130));
}

#[test]
fn a_smoke_that_is_killed_at_any_moment_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let artifacts = artifacts(folder.path());
    // From before the first folder to the middle of an installation: what takes longer than that is the same again.
    for moment in [0, 10, 30, 60, 100, 200, 300, 500, 700, 1000, 1500, 2500] {
        let mut smoke = start(&artifacts, &temporary);
        std::thread::sleep(Duration::from_millis(moment));
        smoke.kill().unwrap();
        smoke.wait().unwrap();
        wait("the processes to end", || processes(&temporary).is_empty());
        let left: Vec<_> = fs::read_dir(&temporary).unwrap().collect();
        assert!(left.is_empty(), "killed after {moment} ms: {left:?}");
    }
}

#[track_caller]
fn check(signal: Signal, exit: Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let artifacts = artifacts(folder.path());
    let mut smoke = start(&artifacts, &temporary);
    wait("the program to hang", || {
        processes(&temporary)
            .iter()
            .any(|line| line.contains("sleep 600"))
    });
    kill_process(Pid::from_child(&smoke), signal).unwrap();
    let status = smoke.wait().unwrap();
    assert_eq!(status.code(), exit);
    wait("the processes to end", || processes(&temporary).is_empty());
    wait("the folder to be gone", || {
        fs::read_dir(&temporary).unwrap().next().is_none()
    });
    let reports = folder.path().join("reports");
    assert!(!reports.exists(), "a smoke that did not end has written a report");
}

fn start(artifacts: &Path, temporary: &Path) -> Child {
    Command::new(cargo_bin!("xtask"))
        .args(["smoke", "--artifacts"])
        .arg(artifacts)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A package that npm installs and whose program hangs.
fn artifacts(folder: &Path) -> PathBuf {
    let package = folder.join("package");
    fs::create_dir_all(package.join("dist")).unwrap();
    let description = json!({"name": "@kaelio/ktx", "version": "0.1.0", "bin": {"ktx": "dist/bin.js"}});
    fs::write(package.join("package.json"), description.to_string()).unwrap();
    fs::write(package.join("dist/bin.js"), HANGS).unwrap();
    let artifacts = folder.join("artifacts");
    fs::create_dir_all(artifacts.join("npm")).unwrap();
    let packed = Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(artifacts.join("npm"))
        .current_dir(&package)
        .status()
        .unwrap();
    assert!(packed.success());
    let tarball = fs::read(artifacts.join("npm/kaelio-ktx-0.1.0.tgz")).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "generatedAt": "2031-01-01T00:00:00Z",
        "sourceRevision": null,
        "packages": [],
        "files": [{
            "path": "npm/kaelio-ktx-0.1.0.tgz",
            "ecosystem": "npm",
            "artifactKind": "tarball",
            "packageName": "@kaelio/ktx",
            "packageVersion": "0.1.0",
            "bytes": tarball.len(),
            "sha256": Sha256Digest::of(&tarball).to_string(),
        }],
    });
    fs::write(artifacts.join("manifest.json"), manifest.to_string()).unwrap();
    artifacts
}

/// Command lines of the living processes that were given this temporary folder: of a run, its guardian, and all that
/// they have started.
fn processes(temporary: &Path) -> Vec<String> {
    let marker = temporary.display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let alive = entries.filter(|entry| {
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        environment.contains(&marker)
    });
    alive
        .map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).replace('\0', " ")
        })
        .collect()
}

#[track_caller]
fn wait(what: &str, until: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < deadline, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
