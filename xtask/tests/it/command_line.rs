//! Exit codes, messages and signals of `cargo xtask`, as a pipeline meets them.

use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use fs_err as fs;
use insta::assert_snapshot;

use crate::checkout::{Checkout, wait_for};
use crate::program::{transcript, xtask};
use crate::tidy::root;

#[track_caller]
fn run(folder: &Path, arguments: &[&str]) -> String {
    transcript(&xtask(folder, arguments).output().expect("xtask runs"))
}

#[test]
fn outside_a_checkout_says_where_to_go() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_snapshot!(run(folder.path(), &["lock", "--check"]), @"
    exit 2
    --- stdout
    --- stderr
    error: failed to find the ktx checkout from the current directory
    hint: run the command inside the repository, or pass --artifacts DIR where it takes one
    ");
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    let run = xtask(&root(), &["biuld"]).assert().code(2);
    assert!(
        String::from_utf8_lossy(&run.get_output().stderr).contains("'build'"),
        "it names the nearest command"
    );
}

#[test]
fn an_unknown_platform_is_wrong_usage() {
    assert_snapshot!(run(&root(), &["build", "--platform", "linux-x64,solaris-sparc"]), @"
    exit 2
    --- stdout
    --- stderr
    error: failed to read --platform: unknown platform `solaris-sparc`, expected one of darwin-arm64, darwin-x64, linux-arm64, linux-x64, win32-x64
    ");
}

#[test]
fn locks_that_fit_pass_from_any_folder_of_the_checkout() {
    let checkout = Checkout::new();
    assert_snapshot!(run(&checkout.path("python/locks"), &["lock", "--check"]), @"
    exit 0
    --- stdout
    the locks fit python/pyproject.toml
    --- stderr
    ");
}

#[test]
fn a_lock_of_another_pyproject_is_found_without_a_network() {
    let checkout = Checkout::new();
    let text = String::from_utf8(checkout.read("python/pyproject.toml")).expect("text");
    checkout.write(
        "python/pyproject.toml",
        text.replace("starlette>=1.0,", "starlette>=1.0.1,"),
    );
    assert_snapshot!(checkout.transcript(checkout.xtask(&["lock", "--check"])), @"
    exit 4
    --- stdout
    --- stderr
    error[lock-stale]: failed to use `python/locks/core.txt`: it was made from another `python/pyproject.toml`
      hint: run: cargo xtask lock
    error[lock-stale]: failed to use `python/locks/local-embeddings.txt`: it was made from another `python/pyproject.toml`
      hint: run: cargo xtask lock
    error[lock-stale]: failed to use `python/locks/duckdb.txt`: it was made from another `python/pyproject.toml`
      hint: run: cargo xtask lock
    error[lock-stale]: failed to use `python/locks/mysql.txt`: it was made from another `python/pyproject.toml`
      hint: run: cargo xtask lock
    error[lock-stale]: failed to use `python/locks/clickhouse.txt`: it was made from another `python/pyproject.toml`
      hint: run: cargo xtask lock
    error: failed to use the locks of the payload
    hint: run: cargo xtask lock
    ");
}

#[test]
fn a_missing_lock_names_what_makes_it() {
    let checkout = Checkout::new();
    fs::remove_file(checkout.path("python/locks/core.txt")).expect("the lock is removed");
    assert_snapshot!(checkout.transcript(checkout.xtask(&["lock", "--check"])), @"
    exit 4
    --- stdout
    --- stderr
    error: failed to read `python/locks/core.txt`: failed to open file `[ROOT]/python/locks/core.txt`: No such file or directory (os error 2)
    hint: run: cargo xtask lock
    ");
}

#[test]
fn a_missing_program_is_a_missing_prerequisite() {
    let checkout = Checkout::new();
    let mut build = checkout.xtask(&["build"]);
    build.env("PATH", checkout.path(""));
    assert_snapshot!(checkout.transcript(build), @"
    exit 4
    --- stdout
    --- stderr
    error: failed to run `git`: No such file or directory (os error 2)
    hint: install `git` and make sure it is on PATH
    ");
}

#[test]
fn json_is_one_document_on_stdout() {
    let run = xtask(&root(), &["lock", "--check", "--json"]).assert();
    let stdout = &run.get_output().stdout;
    let document: serde_json::Value = serde_json::from_slice(stdout).expect("stdout is one document");
    assert_eq!(document["findings"], serde_json::json!([]));
}

/// A `git` that hangs represents anything slow; it makes a file to show that it runs.
#[cfg(unix)]
#[test]
fn sigterm_ends_the_children_and_exits_143() {
    use std::os::unix::fs::PermissionsExt;

    let checkout = Checkout::new();
    let (programs, started) = (checkout.path("programs"), checkout.path("started"));
    fs::create_dir_all(&programs).expect("a folder");
    let git = programs.join("git");
    let script = format!(
        "#!/bin/sh\necho $$ > {}\nexec /bin/sleep 600\n",
        started.display()
    );
    fs::write(&git, script).expect("a script");
    fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).expect("it is executable");
    let mut child = checkout
        .process(&["build"])
        .env("PATH", &programs)
        .stderr(Stdio::piped())
        .spawn()
        .expect("xtask runs");
    wait_for("git runs", || {
        fs::read_to_string(&started).is_ok_and(|pid| pid.ends_with('\n'))
    });
    let pid = fs::read_to_string(&started).expect("the pid is read");
    Command::new("kill")
        .arg(child.id().to_string())
        .assert()
        .success();
    let status = child.wait().expect("xtask ends");
    assert_eq!(status.code(), Some(143));
    let mut alive = Command::new("kill");
    alive.args(["-0", pid.trim()]);
    wait_for("git is gone", || {
        !alive.output().expect("kill runs").status.success()
    });
}

#[test]
fn a_registry_that_gives_nothing_is_told_from_a_program_that_is_missing() {
    let checkout = Checkout::new();
    fs::remove_file(checkout.path("target/tools")).expect("it has no tools");
    checkout.copy("npm/test/launcher.test.js");
    let exit = |command: &mut Command| {
        let output = command.output().expect("xtask runs");
        let hint = String::from_utf8_lossy(&output.stderr);
        let hint = hint
            .lines()
            .find(|line| line.starts_with("hint: "))
            .map(str::to_owned);
        (output.status.code(), hint.unwrap_or_default())
    };
    let tools = || checkout.xtask(&["install-tools"]);
    assert_eq!(
        exit(tools().env("PIP_NO_INDEX", "1")),
        (
            Some(5),
            "hint: make sure that the package registries can be reached, then run: cargo xtask install-tools"
                .to_owned()
        )
    );
    let nowhere = checkout.path("nowhere");
    let hint = "hint: install Python 3.11 or newer and put it on PATH as `python3`";
    assert_eq!(exit(tools().env("PATH", &nowhere)), (Some(4), hint.to_owned()));
    let mut suite = checkout.xtask(&["test", "--suite", "launcher"]);
    let hint = "hint: install `node` and make sure it is on PATH";
    assert_eq!(exit(suite.env("PATH", &nowhere)), (Some(4), hint.to_owned()));
}

#[test]
fn smoke_refuses_what_contradicts_itself() {
    let told = |arguments: &[&str]| {
        let run = xtask(&root(), arguments).assert().code(2);
        String::from_utf8_lossy(&run.get_output().stderr).into_owned()
    };
    assert!(
        told(&["smoke", "--scenario", "nope"])
            .starts_with("error: failed to find the scenario `nope`\nhint: ")
    );
    let mixed = told(&[
        "smoke",
        "--scenario",
        "npm-local",
        "--registry",
        "http://127.0.0.1:9",
    ]);
    assert!(
        mixed.starts_with("error: failed to play `npm-local` from a registry"),
        "{mixed}"
    );
    let address = told(&[
        "smoke",
        "--registry",
        "file:///tmp",
        "--package",
        "@kaelio/ktx@1.0.0",
    ]);
    assert_eq!(address, "error: --registry must be an http(s) URL\n");
    let name = told(&["smoke", "--package", "@Kaelio/ktx@1.0.0"]);
    assert_eq!(name, "error: Invalid --package: @Kaelio/ktx\n");
}

#[test]
fn smoke_lists_its_scenarios_and_what_they_prove() {
    let said = run(&root(), &["smoke", "--list"]);
    for name in ["npm-local", "runtime-lifecycle", "upgrade", "published"] {
        assert!(said.lines().any(|line| line.starts_with(name)), "{said}");
    }
}

#[test]
fn json_is_one_document_on_every_exit() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, exit) in [
        (&["publish", "--json"][..], 2),
        (&["no-such-command", "--json"], 2),
        (&["readiness", "--json"], 2),
        (&["status", "--json"], 2),
        (&["diff", "--json"], 2),
        (&["verify-published", "--json"], 2),
    ] {
        let run = xtask(folder.path(), arguments).assert().code(exit);
        let output = run.get_output();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!(
                "{arguments:?}: {error}: {}",
                String::from_utf8_lossy(&output.stdout)
            )
        });
        assert_eq!(document["exit"], exit, "{arguments:?}");
        assert!(
            document["error"].as_str().is_some_and(|error| !error.is_empty()),
            "{arguments:?}"
        );
    }
    let help = xtask(folder.path(), &["--json", "--help"]).assert().success();
    assert!(
        help.get_output().stdout.starts_with(b"Build, check"),
        "help is help"
    );
}
