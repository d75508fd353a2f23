//! An answer is never lost in silence: every command against a full disk, a reader that is gone, and a slow one behind a
//! pipe that does not block. What each prints is its help, and a document that says why it cannot work here.

use std::io::{PipeReader, Read, pipe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use fs_err::OpenOptions;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::fcntl_setpipe_size;
use tempfile::TempDir;

use crate::checkout::Checkout;
use crate::program::{commands, process, transcript};

const UNWRITTEN: &str = "failed to write the answer to stdout: No space left on device";

/// Everything that is asked here, by the words of its command line.
struct Bench {
    checkout: Checkout,
    /// No checkout: there every command fails at once.
    nowhere: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            checkout: Checkout::new(),
            nowhere: tempfile::tempdir().expect("a folder"),
        }
    }

    fn each(&self, mut check: impl FnMut(&str, Command)) {
        let nowhere = self.nowhere.path();
        let mut run = |folder: &Path, words: &[&str]| {
            let mut command = process(folder, words);
            command.stderr(Stdio::piped());
            check(&words.join(" "), command);
        };
        run(nowhere, &["--help"]);
        run(nowhere, &["--version"]);
        for command in commands() {
            run(nowhere, &[&command, "--help"]);
            run(nowhere, &[&command, "--json"]);
            run(nowhere, &[&command, "--json", "--no-such-flag"]);
        }
        for words in [
            &["version", "show"][..],
            &["lock", "--check"],
            &["build-wheel", "--list"],
        ] {
            let folder = self.checkout.path("");
            run(&folder, words);
            run(&folder, &[words, &["--json"]].concat());
        }
    }
}

#[test]
fn a_full_disk_fails_every_command_with_the_reason() {
    Bench::new().each(|words, mut command| {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("opens");
        let output = command.stdout(full.into_file()).output().expect("xtask runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{words}: {stderr}");
        assert!(stderr.contains(UNWRITTEN), "{words}: {stderr}");
    });
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code_and_is_not_complained_about() {
    Bench::new().each(|words, mut command| {
        let code = command.stdout(Stdio::null()).status().expect("xtask runs").code();
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let output = command.stdout(writer).output().expect("xtask runs");
        assert_eq!(output.status.code(), code, "{words}: {}", transcript(&output));
        let stderr = String::from_utf8_lossy(&output.stderr);
        for noise in ["failed to write", "Broken pipe", "panicked"] {
            assert!(!stderr.contains(noise), "{words}: {stderr}");
        }
    });
}

#[test]
fn a_slow_reader_behind_a_pipe_that_does_not_block_gets_every_byte() {
    Bench::new().each(|words, mut command| {
        let expected = command
            .stdout(Stdio::piped())
            .output()
            .expect("xtask runs")
            .stdout;
        assert!(!expected.is_empty(), "{words} prints nothing");
        let (reader, writer) = pipe().expect("a pipe");
        // The smallest that there is, so that it is full at once.
        fcntl_setpipe_size(&writer, 4096).expect("a small pipe");
        fcntl_setfl(&writer, OFlags::NONBLOCK).expect("does not block");
        let mut child = command.stdout(writer).spawn().expect("xtask runs");
        // The command holds an end of the pipe, too.
        drop(command);
        let found = read_slowly(reader);
        child.wait().expect("ends");
        assert_eq!(timeless(&found), timeless(&expected), "{words}");
    });
}

/// The text without how long something took.
fn timeless(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text.split_inclusive('\n').map(|line| {
        line.split_once("\"seconds\": ")
            .map_or(line, |(before, _)| before)
    });
    lines.collect()
}

fn read_slowly(mut reader: PipeReader) -> Vec<u8> {
    thread::sleep(Duration::from_millis(20));
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).expect("reads");
    bytes
}
