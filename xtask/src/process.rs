//! Runs other programs: their own process group, no prompt, and an error that shows what they said.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::printer::Printer;

/// Lines of a failed command's output that its error shows: npm says why first, cargo says it last.
const FIRST_LINES: usize = 10;
const LAST_LINES: usize = 25;

/// Where the output of a command goes while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Kept, shown with `--verbose` or when the command fails.
    Kept,
    /// Passed on to our stderr as it comes: the output is what the user waits for.
    Streamed,
}

/// What a command said, after it succeeded.
#[derive(Debug)]
pub struct Said {
    pub stdout: String,
}

/// Runs a command to its end; anything but success is an error with its command line, exit and last words.
pub fn run(printer: &Printer, command: impl Into<Command>, talk: Talk) -> Result<Said> {
    let finished = finish(printer, command, talk)?;
    if finished.status.success() {
        return Ok(Said {
            stdout: finished.stdout,
        });
    }
    let mut message = format!("`{}` failed with {}", finished.line, describe(finished.status));
    let excerpt = excerpt(&finished.stdout, &finished.stderr);
    if talk == Talk::Kept && !excerpt.is_empty() {
        message.push_str(":\n");
        message.push_str(&excerpt);
    }
    Err(Failure::new(Exit::Failed, message).into())
}

/// A command that ended, well or not.
#[derive(Debug)]
pub struct Finished {
    pub line: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end and leaves the judgement of its exit to the caller.
pub fn finish(printer: &Printer, command: impl Into<Command>, talk: Talk) -> Result<Finished> {
    let mut command: Command = command.into();
    let line = shown(&command);
    interrupt::check()?;
    printer.verbose(&format!("$ {line}"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    own_process_group(&mut command);
    let mut child = command.spawn().map_err(|error| missing(&command, error))?;
    let guarded = interrupt::guard(child.id());
    let echo = talk == Talk::Streamed;
    let (stdout, stderr) = read_both(printer, &mut child, echo);
    let status = child
        .wait()
        .with_context(|| format!("failed to wait for `{line}`"))?;
    drop(guarded);
    interrupt::check()?;
    Ok(Finished {
        line,
        status,
        stdout,
        stderr,
    })
}

fn read_both(printer: &Printer, child: &mut Child, echo: bool) -> (String, String) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let errors = scope.spawn(|| stderr.map(|pipe| read(printer, pipe, echo)).unwrap_or_default());
        let output = stdout.map(|pipe| read(printer, pipe, echo)).unwrap_or_default();
        (output, errors.join().unwrap_or_default())
    })
}

fn read(printer: &Printer, pipe: impl Read, echo: bool) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let said = String::from_utf8_lossy(&line);
        if echo {
            printer.pass_on(said.trim_end_matches(['\r', '\n']));
        } else {
            printer.verbose(said.trim_end());
        }
        text.push_str(&said);
        line.clear();
    }
    text
}

fn missing(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy().into_owned();
    let exit = if error.kind() == std::io::ErrorKind::NotFound {
        Exit::Prerequisite
    } else {
        Exit::Failed
    };
    Failure::new(exit, format!("failed to run `{program}`"))
        .because(error)
        .hint(format!("install `{program}` and make sure it is on PATH"))
        .into()
}

fn shown(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        line.push(' ');
        if argument.is_empty() || argument.contains([' ', '"', '\'']) {
            line.push_str(&format!("{argument:?}"));
        } else {
            line.push_str(&argument);
        }
    }
    line
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

fn excerpt(stdout: &str, stderr: &str) -> String {
    let said: Vec<&str> = stdout.lines().chain(stderr.lines()).collect();
    if said.len() <= FIRST_LINES + LAST_LINES {
        return said.join("\n");
    }
    let (first, last) = (&said[..FIRST_LINES], &said[said.len() - LAST_LINES..]);
    let left_out = said.len() - FIRST_LINES - LAST_LINES;
    format!(
        "{}\n[{left_out} lines; --verbose shows all]\n{}",
        first.join("\n"),
        last.join("\n")
    )
}

/// The terminal's Ctrl-C reaches only us; `interrupt` passes it on to the whole group, grandchildren included.
fn own_process_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}
