//! Ctrl-C, SIGTERM and SIGHUP while uv works: everything ends, nothing is left, and the next run succeeds.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

use super::bench::Bench;

/// A uv that hangs at its second command until it is ended.
fn hanging_uv(bench: &Bench) -> String {
    let path = bench.sandbox().root().join("hanging-uv");
    let mark = bench.sandbox().root().join("hangs");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'uv 0.13.0' && exit\necho downloading a lot >&2\ntouch '{}'\nexec sleep 600\n",
        mark.display()
    );
    fs_err::write(&path, script).expect("written");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    path.display().to_string()
}

#[track_caller]
fn interrupted(signals: &[&str]) -> String {
    let bench = Bench::with_sample();
    let uv = hanging_uv(&bench);
    let mut command = bench.sandbox().process(&["runtime", "install"]);
    command
        .env("KTX_UV", &uv)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts ktx");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !bench.sandbox().root().join("hangs").exists() {
        assert!(Instant::now() < deadline, "uv was not run");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id();
    let script: Vec<String> = signals
        .iter()
        .map(|signal| format!("kill -{signal} {pid}"))
        .collect();
    let sent = Command::new("sh").args(["-c", &script.join(" && ")]).status();
    assert!(sent.expect("kill runs").success());
    let status = child.wait().expect("it ends");
    let mut said = String::new();
    child
        .stdout
        .take()
        .expect("stdout")
        .read_to_string(&mut said)
        .expect("text");
    child
        .stderr
        .take()
        .expect("stderr")
        .read_to_string(&mut said)
        .expect("text");
    let left: Vec<String> = fs_err::read_dir(bench.root())
        .expect("the root")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.starts_with(".staging"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let log = fs_err::read_to_string(bench.version_dir().join("install.log")).expect("the log");
    assert!(log.contains("downloading a lot"), "{log}");
    bench.install();
    format!("{said}--- exit {}\n", status.code().expect("it was not killed"))
}

#[test]
fn ctrl_c_ends_an_installation_with_130() {
    insta::assert_snapshot!(interrupted(&["INT"]), @"
    interrupted by Ctrl-C
    --- exit 130
    ");
}

#[test]
fn a_termination_ends_an_installation_with_143() {
    insta::assert_snapshot!(interrupted(&["TERM"]), @"
    interrupted by SIGTERM
    --- exit 143
    ");
}

#[test]
fn a_closed_terminal_ends_an_installation_with_129() {
    insta::assert_snapshot!(interrupted(&["HUP"]), @"
    interrupted by SIGHUP
    --- exit 129
    ");
}

/// In a terminal Ctrl-C comes twice: from the terminal, and passed on by the launcher.
#[test]
fn several_signals_are_one_wish() {
    assert_eq!(interrupted(&["INT"; 5]), interrupted(&["INT"]));
}

/// A terminal writes `^C` where its cursor stands. Were the line of progress full, that would wrap, and clearing would leave
/// the line itself behind.
#[test]
#[cfg(target_os = "linux")]
fn progress_leaves_room_for_what_a_terminal_echoes() {
    const COLUMNS: usize = 60;
    let Some(script) = ktx_fixtures::needs::script() else {
        return;
    };
    let bench = Bench::with_sample();
    let uv = hanging_uv(&bench);
    let mut command = Command::new(script);
    let line = format!(
        "stty rows 24 cols {COLUMNS}; exec {} runtime install",
        cargo_bin!("ktx").display()
    );
    command
        .args(["-qefc", &line, "/dev/null"])
        .env_clear()
        .envs(bench.sandbox().environment())
        .env("TERM", "xterm")
        .env("KTX_UV", uv)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut terminal = command.spawn().expect("starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !bench.sandbox().root().join("hangs").exists() {
        assert!(Instant::now() < deadline, "uv was not run");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut keyboard = terminal.stdin.take().expect("stdin");
    std::io::Write::write_all(&mut keyboard, b"\x03").expect("typed");
    let mut shown = String::new();
    terminal
        .stdout
        .take()
        .expect("stdout")
        .read_to_string(&mut shown)
        .expect("text");
    assert_eq!(terminal.wait().expect("it ends").code(), Some(130), "{shown}");
    let lines: Vec<String> = shown
        .split(['\r', '\n'])
        .map(|line| console::strip_ansi_codes(line).into_owned())
        .collect();
    assert!(lines.iter().any(|line| line.contains("creating the")), "{shown}");
    for line in lines {
        let drawn = line.trim_end_matches("^C");
        assert!(drawn.chars().count() <= COLUMNS - 2, "{drawn:?}");
    }
}
