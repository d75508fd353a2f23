//! `dist/` when it is read-only, full, in use by another command, or strewn with what a killed one left.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fs_err as fs;
use ktx_fixtures::small_disk;
use ktx_manifest::Platform;

use crate::checkout::{Checkout, WHEEL, wait_for};

#[test]
fn a_read_only_dist_says_what_to_do_and_works_once_it_is_writable() {
    let checkout = Checkout::new();
    let Some(disk) = small_disk::mount(&checkout.path("dist"), 4 << 20) else {
        return;
    };
    let build = || checkout.transcript(checkout.xtask(&["build-wheel"]));
    disk.remount("ro");
    insta::assert_snapshot!(build(), @r"
    exit 1
    --- stdout
    --- stderr
    error: failed to create file `[ROOT]/dist/.lock`: Read-only file system (os error 30)
    hint: make it readable and writable for this user, then run the command again
    ");
    disk.remount("rw");
    assert!(build().starts_with("exit 0\n"), "{}", build());
    let good = checkout.read(WHEEL);
    disk.remount("ro");
    assert!(build().starts_with("exit 1\n"), "{}", build());
    assert!(checkout.read(WHEEL) == good, "the last good wheel stays");
}

#[test]
fn a_full_dist_keeps_the_last_good_wheel_and_works_once_there_is_space() {
    let checkout = Checkout::new();
    let Some(_mounted) = small_disk::mount(&checkout.path("dist"), 4 << 20) else {
        return;
    };
    let build = || checkout.transcript(checkout.xtask(&["build-wheel"]));
    assert!(build().starts_with("exit 0\n"), "{}", build());
    let good = checkout.read(WHEEL);
    // As much as there is: the write ends with an error.
    let _ = fs::write(checkout.path("dist/filler"), vec![0; 8 << 20]);
    checkout.write("python/ktx_daemon/more.py", "MORE = 1\n");
    insta::assert_snapshot!(build(), @r"
    exit 1
    --- stdout
    --- stderr
    error: failed to write `[ROOT]/dist/artifacts/python/kaelio_ktx-1.2.3rc4-py3-none-any.whl`: No space left on device (os error 28)
    hint: make space on that disk, then run the command again
    ");
    assert!(checkout.read(WHEEL) == good, "the last good wheel stays");
    assert_eq!(checkout.names("dist/artifacts/python").len(), 1);
    fs::remove_file(checkout.path("dist/filler")).expect("it can be removed");
    assert!(build().starts_with("exit 0\n"), "{}", build());
    assert!(checkout.read(WHEEL) != good, "there is a new wheel");
}

/// A git that names a commit, and a program for this machine that hangs when it is asked for its version: the middle
/// of a build, held open.
#[cfg(unix)]
fn build_that_hangs(checkout: &Checkout) -> Hanging {
    let host = Platform::host().expect("a package has programs for this machine");
    let hang = "#!/bin/sh\necho $$ > \"$HOME/hangs\"\nexec sleep 600\n";
    executable(
        checkout,
        &format!("dist/bin/{host}/{}", host.program_file()),
        hang,
    );
    let git = "#!/bin/sh\ncase \" $* \" in *\" log \"*) echo 1111 1700000000;; esac\n";
    executable(checkout, "programs/git", git);
    let mut build = checkout.process(&["build", "--prebuilt"]);
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", checkout.path("programs").display());
    let build = build
        .env("PATH", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let build = build.spawn().expect("the toolchain runs");
    let mark = checkout.path("hangs");
    wait_for("the build is under way", || {
        fs::read_to_string(&mark).is_ok_and(|process| process.ends_with('\n'))
    });
    let program = fs::read_to_string(mark).expect("it said its process");
    Hanging {
        build,
        program: program.trim().to_owned(),
    }
}

/// A build and the program that it waits for; neither outlives the test.
#[cfg(unix)]
struct Hanging {
    build: Child,
    program: String,
}

#[cfg(unix)]
impl Hanging {
    fn kill(&mut self) {
        self.build.kill().expect("it can be killed");
        self.build.wait().expect("it ends");
    }
}

#[cfg(unix)]
impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.build.kill();
        let _ = Command::new("kill").args(["-KILL", &self.program]).status();
    }
}

#[cfg(unix)]
fn executable(checkout: &Checkout, path: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;

    checkout.write(path, script);
    let executable = std::fs::Permissions::from_mode(0o755);
    fs::set_permissions(checkout.path(path), executable).expect("it can be made executable");
}

fn unfinished(folder: &Path) -> usize {
    let names = fs::read_dir(folder).expect("a folder");
    let names = names.map(|entry| entry.expect("an entry").file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with(".partial-"))
        .count()
}

#[cfg(unix)]
#[test]
fn what_a_killed_build_left_is_swept_by_the_next_and_a_living_one_is_waited_for() {
    let checkout = Checkout::new();
    let dist = checkout.path("dist");
    let mut hanging = build_that_hangs(&checkout);
    assert_eq!(unfinished(&dist), 1);
    // While it lives, another waits, says so, and can be interrupted.
    let waiting = checkout.process(&["build-wheel"]).stderr(Stdio::piped()).spawn();
    let mut waiting = waiting.expect("the toolchain runs");
    let (mut stderr, mut said) = (
        BufReader::new(waiting.stderr.take().expect("it is piped")),
        String::new(),
    );
    stderr.read_line(&mut said).expect("it says text");
    assert_eq!(
        said,
        format!(
            "waiting for another command that writes to `{}`\n",
            dist.display()
        )
    );
    assert_eq!(unfinished(&dist), 1, "the work of the living is left alone");
    let sent = Command::new("kill")
        .args(["-INT", &waiting.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(waiting.wait().expect("it ends").code(), Some(130));
    // Once it is dead, its work is abandoned.
    hanging.kill();
    assert_eq!(unfinished(&dist), 1, "nobody cleaned up");
    checkout.build(&["build-wheel"]);
    assert_eq!(unfinished(&dist), 0);
}
