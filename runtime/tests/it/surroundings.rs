//! What is around a runtime: the umask, the file system, the Python it was made with, a record that was cut short.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ktx_fixtures::small_disk;
use ktx_runtime::ports::Address;
use ktx_runtime::{
    DaemonStatusKind, Error, InstallMode, InstallOutcome, Interrupt, StartMode, StatusKind, StopReport,
};

use crate::bundle::manage;
use crate::pythons::{interpreters, version};
use crate::sandbox::{Sandbox, child, core, eventually, processes, start};

/// Every file and folder below a path that somebody else may write to; links have no modes.
fn writable_by_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_symlink() {
            continue;
        }
        if entry.metadata().expect("metadata").permissions().mode() & 0o022 != 0 {
            found.push(entry.path());
        }
        if kind.is_dir() {
            found.extend(writable_by_others(&entry.path()));
        }
    }
    found
}

#[test]
fn whatever_the_umask_nobody_else_can_write_to_a_runtime() {
    if child::assigned().is_some() {
        let runtime = child::runtime(&Interrupt::new());
        runtime
            .install(&core(InstallMode::IfNeeded))
            .expect("it installs");
        runtime.start(&start(StartMode::Reuse)).expect("it starts");
        runtime.stop().expect("it stops");
        runtime
            .install(&core(InstallMode::Always))
            .expect("it installs again");
        return;
    }
    for umask in ["000", "002", "077"] {
        let sandbox = Sandbox::with_payload();
        let test = "surroundings::whatever_the_umask_nobody_else_can_write_to_a_runtime";
        let inner = child::with_fault(&sandbox, test, "any", "umask");
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear();
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let output = command.output().expect("it runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(sandbox.runtime().status().kind, StatusKind::Ready);
        assert_eq!(
            writable_by_others(&sandbox.root()),
            Vec::<PathBuf>::new(),
            "umask {umask}"
        );
        let root = fs_err::metadata(sandbox.root())
            .expect("the root")
            .permissions()
            .mode();
        assert_eq!(root & 0o022, 0, "{root:o}");
    }
}

/// The control of the test above: it finds what it looks for.
#[test]
fn a_file_that_others_can_write_to_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/file");
    fs_err::create_dir(folder.path().join("deep")).expect("made");
    fs_err::write(&path, "").expect("written");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o646)).expect("changed");
    assert_eq!(writable_by_others(folder.path()), [path]);
}

#[test]
fn a_root_on_a_file_system_that_runs_no_programs_is_named() {
    let sandbox = Sandbox::with_sample();
    let place = sandbox.path().join("disk");
    let Some(disk) = small_disk::mount(&place, 64 << 20) else {
        return;
    };
    let sandbox = sandbox.set("KTX_RUNTIME_ROOT", place.join("runtimes"));
    disk.remount("noexec");
    let error = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect_err("no program runs there");
    assert!(matches!(error, Error::RootNotExecutable { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("mounted noexec") && text.contains(&*place.to_string_lossy()),
        "{text}"
    );
    assert!(error.hint().expect("a hint").contains("KTX_RUNTIME_ROOT"));
    disk.remount("exec");
    sandbox.install();
    drop(disk);
}

/// The token and the port, which the daemon has reported elsewhere, still prove which process it is.
#[test]
fn a_daemon_whose_record_was_cut_short_is_stopped_all_the_same() {
    let sandbox = Sandbox::with_installed_payload();
    let runtime = sandbox.runtime();
    let path = runtime.layout().daemon_state_path.clone();
    let cuts: [fn(&str) -> String; 4] = [
        |_| String::new(),
        |good| good[..good.len() / 2].to_owned(),
        |good| good[..good.len() - 3].to_owned(),
        |_| "[]".to_owned(),
    ];
    for (number, cut) in cuts.into_iter().enumerate() {
        let report = runtime.start(&start(StartMode::Reuse)).expect("it starts");
        let good = fs_err::read_to_string(&path).expect("the state");
        fs_err::write(&path, cut(&good)).expect("written");
        let stopped = runtime.stop().expect("it stops");
        assert!(
            matches!(stopped, StopReport::Stopped { pid, .. } if pid == report.state.pid.0),
            "cut {number}: {stopped:?}"
        );
        eventually("the daemon is gone", || {
            processes::daemons_under(sandbox.path()).is_empty()
        });
        assert_eq!(
            runtime.daemon_status().kind,
            DaemonStatusKind::Stopped,
            "cut {number}"
        );
    }
}

/// As a system's upgrade does, while the daemon that was started with it still runs.
#[test]
fn a_python_that_was_upgraded_away_is_said_once_and_replaced() {
    let sandbox = Sandbox::with_payload();
    let newest = interpreters().pop().expect("a Python");
    let (major, minor) = version(&newest).expect("a version");
    let pythons = sandbox.path().join("pythons");
    let name = manage(&newest, &pythons, &format!("{major}.{minor}"));
    let others = sandbox.variables()[std::ffi::OsStr::new("PATH")].clone();
    let base = pythons.join(name).join("bin");
    let sandbox = sandbox
        .set("PATH", &base)
        .set("UV_PYTHON_PREFERENCE", "only-system");
    sandbox.install();
    let runtime = sandbox.runtime();
    let home = fs_err::read_to_string(sandbox.version_dir().join(".venv/pyvenv.cfg")).expect("the venv");
    assert!(home.contains(&*pythons.to_string_lossy()), "{home}");
    let daemon = runtime.start(&start(StartMode::Reuse)).expect("it starts");
    fs_err::remove_dir_all(&pythons).expect("removed");

    let status = sandbox.runtime().status();
    assert_eq!(status.kind, StatusKind::Broken, "{status:?}");
    assert!(
        status.detail.starts_with("Missing Python executable"),
        "{status:?}"
    );
    // The daemon has not yet imported what this needs, and cannot any more.
    let error = crate::busy::parsed(&runtime, &Address::OneShot).expect_err("Python is gone");
    assert!(
        error
            .to_string()
            .contains("the Python runtime of ktx is incomplete"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("ktx runtime install")),
        "{error:?}"
    );
    let sandbox = sandbox.set("PATH", others);
    let repaired = sandbox
        .runtime()
        .install(&core(InstallMode::IfNeeded))
        .expect("it installs");
    assert_eq!(repaired.outcome, InstallOutcome::Installed);
    sandbox.assert_clean_and_ready();
    eventually("the daemon of the old Python is gone", || {
        processes::daemons_under(sandbox.path())
            .iter()
            .all(|found| found.pid != daemon.state.pid.0)
    });
    let again = sandbox
        .runtime()
        .start(&start(StartMode::Reuse))
        .expect("it starts");
    assert_ne!(again.state.pid.0, daemon.state.pid.0);
    sandbox.runtime().stop().expect("it stops");
}

/// Anybody can make a virtual environment in the folder for temporary files, above the one in which uv looks for a Python.
#[test]
fn a_planted_virtual_environment_is_not_run() {
    let sandbox = Sandbox::with_sample();
    let witness = sandbox.path().join("it-was-run");
    let script = format!("#!/bin/sh\ntouch '{}'\nexec python3 \"$@\"\n", witness.display());
    for folder in [sandbox.path().join("tmp"), sandbox.root()] {
        let bin = folder.join(".venv/bin");
        fs_err::create_dir_all(&bin).expect("a folder");
        fs_err::write(folder.join(".venv/pyvenv.cfg"), "home = /usr/bin\n").expect("written");
        for name in ["python", "python3"] {
            fs_err::write(bin.join(name), &script).expect("written");
            let mode = std::fs::Permissions::from_mode(0o755);
            fs_err::set_permissions(bin.join(name), mode).expect("changed");
        }
    }
    let runtime = sandbox.runtime();
    assert_eq!(runtime.lacking(), None);
    runtime
        .install(&core(InstallMode::IfNeeded))
        .expect("it installs");
    assert!(!witness.exists(), "the planted Python was run");
}
