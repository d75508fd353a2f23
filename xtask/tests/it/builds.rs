//! `build-wheel`, `build-package` and `verify` from outside: transcripts, exit codes, and what stays in `dist/` when
//! the work fails.

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use fs_err as fs;
use ktx_fixtures::sample_program;

use crate::checkout::{Checkout, TARBALL, VERSION, WHEEL, foreign};

#[test]
fn build_wheel_prints_the_path_and_writes_it_whole() {
    let checkout = Checkout::new();
    let transcript = checkout.transcript(checkout.xtask(&["build-wheel"]));
    assert_eq!(
        transcript,
        format!("exit 0\n--- stdout\n[ROOT]/{WHEEL}\n--- stderr\n")
    );
    assert_eq!(
        checkout.names("dist/artifacts/python"),
        ["kaelio_ktx-1.2.3rc4-py3-none-any.whl"]
    );
}

#[test]
fn build_wheel_lists_without_writing() {
    let checkout = Checkout::new();
    let transcript = checkout.transcript(checkout.xtask(&["build-wheel", "--list"]));
    assert!(
        transcript.starts_with("exit 0\n--- stdout\nktx_daemon/__init__.py\n"),
        "{transcript}"
    );
    assert!(
        transcript.ends_with("kaelio_ktx-1.2.3rc4.dist-info/RECORD\n--- stderr\n"),
        "{transcript}"
    );
    assert!(!checkout.path(WHEEL).exists());
}

#[test]
fn the_source_may_be_named_in_any_way() {
    let checkout = Checkout::new();
    let list = |source: &str, folder: &str| {
        let mut command = checkout.xtask(&["build-wheel", "--list", "--source", source]);
        command.current_dir(checkout.path(folder));
        checkout.transcript(command)
    };
    let plain = list("python", "");
    assert!(plain.contains("dist-info/licenses/LICENSE\n"), "{plain}");
    assert_eq!(list("./python", ""), plain);
    assert_eq!(list("npm/../python/", ""), plain);
    assert_eq!(list(".", "python"), plain);
    assert_eq!(list("./", "python"), plain);
    assert_eq!(list("..", "python/ktx_daemon"), plain);
    assert_eq!(list(&checkout.path("python").to_string_lossy(), ""), plain);
}

#[test]
fn umask_zone_locale_and_folder_do_not_count() {
    let [here, there] = [Checkout::new(), Checkout::new()];
    let tarball = here.path(TARBALL).to_string_lossy().into_owned();
    for command in [
        &["build-wheel"][..],
        &["build-package"],
        &["pack", "dist/package", &tarball],
    ] {
        here.build(command);
    }
    let mut shell = Command::new("sh");
    let script = r#"umask 077 && mkdir -p deeper && cd deeper
        "$0" build-wheel && "$0" build-package && "$0" pack ../../dist/package "../../$1""#;
    shell
        .args(["-c", script])
        .arg(cargo_bin!("xtask"))
        .arg(TARBALL)
        .current_dir(there.path("python"))
        .env_clear()
        .envs(there.environment())
        .env("TZ", "Pacific/Kiritimati")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANGUAGE", "tr");
    let transcript = there.transcript(shell);
    assert!(transcript.starts_with("exit 0\n"), "{transcript}");
    for artifact in [WHEEL, TARBALL] {
        assert!(
            here.read(artifact) == there.read(artifact),
            "{artifact}: the same bytes"
        );
    }
    #[cfg(unix)]
    for path in [
        WHEEL,
        TARBALL,
        "dist/package/package.json",
        "dist/package/dist/bin.js",
        "dist/package/native",
    ] {
        use std::os::unix::fs::PermissionsExt;
        let mode = |checkout: &Checkout| {
            fs::metadata(checkout.path(path))
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(&here), mode(&there), "{path}");
        assert_eq!(mode(&here) & 0o644, 0o644, "{path}");
    }
}

#[test]
fn the_epoch_is_honoured_and_a_malformed_one_refused() {
    let checkout = Checkout::new();
    let build = |epoch: &str| {
        let mut command = checkout.xtask(&["build-wheel"]);
        command.env("SOURCE_DATE_EPOCH", epoch);
        checkout.transcript(command)
    };
    assert!(build("1700000000").starts_with("exit 0\n"));
    let good = checkout.read(WHEEL);
    insta::assert_snapshot!(build("yesterday"), @r#"
    exit 1
    --- stdout
    --- stderr
    error: malformed SOURCE_DATE_EPOCH "yesterday": not a whole number of seconds since 1970
    hint: unset SOURCE_DATE_EPOCH, or set it to what `git log -1 --format=%ct` prints
    "#);
    assert!(checkout.read(WHEEL) == good, "the last good wheel stays");
}

#[test]
fn findings_are_all_printed_and_the_last_good_wheel_stays() {
    let checkout = Checkout::new();
    checkout.build(&["build-wheel"]);
    let good = checkout.read(WHEEL);
    checkout.write("python/ktx_daemon/evil.pth", "");
    checkout.write("python/ktx_daemon/.env", "");
    insta::assert_snapshot!(checkout.transcript(checkout.xtask(&["build-wheel"])), @r"
    exit 1
    --- stdout
    --- stderr
    error[tree-dotfile]: failed to add `[ROOT]/python/ktx_daemon/.env`: its name starts with a dot
    error[wheel-pth]: failed to add `[ROOT]/python/ktx_daemon/evil.pth`: a .pth file runs code whenever Python starts
    error: failed to build a wheel from `[ROOT]/python`: 2 findings
    ");
    assert!(checkout.read(WHEEL) == good, "the last good wheel stays");
}

#[test]
fn a_folder_without_a_payload_is_a_missing_prerequisite() {
    let checkout = Checkout::new();
    let transcript = checkout.transcript(checkout.xtask(&["build-wheel", "--source", "npm"]));
    insta::assert_snapshot!(transcript, @r"
    exit 4
    --- stdout
    --- stderr
    error: failed to read `npm/pyproject.toml`: there is no such file
    hint: name the folder that holds the Python payload with --source
    ");
}

/// A limit on the size of files does what a full disk does: a write in the middle fails.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_good_wheel_and_nothing_else() {
    let checkout = Checkout::new();
    checkout.build(&["build-wheel"]);
    let good = checkout.read(WHEEL);
    let mut shell = Command::new("sh");
    let script = "trap '' XFSZ && ulimit -f 8 && exec \"$0\" build-wheel";
    shell
        .args(["-c", script])
        .arg(cargo_bin!("xtask"))
        .current_dir(checkout.path(""))
        .env_clear()
        .envs(checkout.environment());
    let transcript = checkout.transcript(shell);
    assert!(transcript.starts_with("exit 1\n"), "{transcript}");
    assert!(
        transcript.contains(&format!("error: failed to write `[ROOT]/{WHEEL}`: ")),
        "{transcript}"
    );
    assert!(checkout.read(WHEEL) == good, "the last good wheel stays");
    assert_eq!(
        checkout.names("dist/artifacts/python").len(),
        1,
        "nothing half-written is left"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let checkout = Checkout::new();
    checkout.write("dist/artifacts", "a file in the way");
    let transcript = checkout.transcript(checkout.xtask(&["build-wheel"]));
    assert!(transcript.starts_with("exit 1\n"), "{transcript}");
    assert!(transcript.contains("[ROOT]/dist/artifacts"), "{transcript}");
    assert_eq!(checkout.read("dist/artifacts"), b"a file in the way");
}

#[test]
fn build_package_needs_what_other_commands_make() {
    let checkout = Checkout::new();
    insta::assert_snapshot!(checkout.transcript(checkout.xtask(&["build-package"])), @r"
    exit 4
    --- stdout
    --- stderr
    error: failed to read `[ROOT]/dist/artifacts/python/kaelio_ktx-1.2.3rc4-py3-none-any.whl`: there is no such file
    hint: run: cargo xtask build-wheel
    ");
    checkout.build(&["build-wheel"]);
    let transcript = checkout.transcript(checkout.xtask(&["build-package"]));
    assert_eq!(
        transcript,
        "exit 0\n--- stdout\n[ROOT]/dist/package\n--- stderr\n"
    );
    let stray = |path: &str| {
        checkout.write(&format!("dist/bin/{path}"), "");
        let transcript = checkout.transcript(checkout.xtask(&["build-package"]));
        let folder = path.split('/').next().expect("a folder");
        fs::remove_dir_all(checkout.path("dist/bin").join(folder)).expect("it can be removed");
        transcript
    };
    insta::assert_snapshot!(stray("linux-riscv/ktx"), @"
    exit 4
    --- stdout
    --- stderr
    error: failed to use `[ROOT]/dist/bin/linux-riscv`: unknown platform `linux-riscv`, expected one of darwin-arm64, darwin-x64, linux-arm64, linux-x64, win32-x64
    hint: remove it
    ");
    insta::assert_snapshot!(stray("linux-arm64/ktx.exe"), @"
    exit 4
    --- stdout
    --- stderr
    error: failed to use `[ROOT]/dist/bin/linux-arm64`: it has no `ktx`
    hint: remove it, or run: cargo xtask build --platform linux-arm64
    ");
    fs::remove_dir_all(checkout.path("dist/bin")).expect("it can be removed");
    insta::assert_snapshot!(checkout.transcript(checkout.xtask(&["build-package"])), @r"
    exit 4
    --- stdout
    --- stderr
    error: failed to find a program below `[ROOT]/dist/bin`
    hint: run: cargo xtask build, or name one with --binary PLATFORM=PATH
    ");
    assert!(
        checkout.path("dist/package/package.json").exists(),
        "the last good package stays"
    );
}

#[test]
fn build_package_refuses_wrong_programs_and_wrong_usage() {
    let checkout = Checkout::new();
    checkout.build(&["build-wheel"]);
    let platform = foreign();
    checkout.write("other", sample_program::program(platform.as_str(), "1.2.2"));
    let binary = |value: String| checkout.transcript(checkout.xtask(&["build-package", "--binary", &value]));
    let refused = binary(format!("{platform}=other"));
    assert!(refused.starts_with("exit 1\n"), "{refused}");
    assert!(
        refused.contains("expected version 1.2.3-rc.4, found 1.2.2"),
        "{refused}"
    );
    assert!(binary(format!("{platform}=absent")).starts_with("exit 4\n"));
    for wrong in ["", "other", "plan9-x64=other", &format!("{platform}=")] {
        assert!(binary(wrong.to_owned()).starts_with("exit 2\n"), "{wrong:?}");
    }
    checkout.write("other", sample_program::program(platform.as_str(), VERSION));
    assert!(binary(format!("{platform}=other")).starts_with("exit 0\n"));
}

/// Everything in `dist/artifacts`, and the commit that it was built from.
fn with_artifacts() -> (Checkout, String) {
    let checkout = Checkout::new();
    checkout.commit();
    checkout.build(&["build", "--prebuilt"]);
    let revision = checkout.git(&["rev-parse", "HEAD"]);
    (checkout, revision)
}

#[test]
fn verify_accepts_what_was_built_and_nothing_else() {
    let (checkout, revision) = with_artifacts();
    let verify = |arguments: &[&str]| {
        let arguments: Vec<_> = ["verify"].iter().chain(arguments).copied().collect();
        checkout.transcript(checkout.xtask(&arguments))
    };
    assert!(verify(&[]).starts_with("exit 0\n"), "{}", verify(&[]));
    assert!(verify(&["--artifacts", "dist/artifacts"]).starts_with("exit 0\n"));
    assert!(verify(&["--source-revision", &revision]).starts_with("exit 0\n"));
    let other = verify(&["--source-revision", "other"]);
    assert!(other.starts_with("exit 6\n"), "{other}");
    let message = format!("Artifact manifest sourceRevision mismatch: expected other, got {revision}");
    assert!(other.contains(&message), "{other}");
    assert!(verify(&["--artifacts", "absent"]).starts_with("exit 4\n"));
    checkout.write("dist/artifacts/npm/extra.tgz", "");
    let mut wheel = checkout.read(WHEEL);
    wheel.push(0);
    checkout.write(WHEEL, wheel);
    let refused = verify(&[]);
    assert!(refused.starts_with("exit 6\n"), "{refused}");
    for code in [
        "artifact-unlisted",
        "artifact-files-mismatch",
        "artifact-wheel-differs",
    ] {
        assert!(refused.contains(&format!("error[{code}]")), "{code}: {refused}");
    }
}
