//! Runs other programs: in their own process group, without a prompt, and with their output in the error.

use std::process::{Command, ExitStatus};

use anyhow::Result;
use ktx_system::process::{self, Lines, ProcessError, Stream, Supervision, describe_exit};
use ktx_system::shell::line_of;

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::printer::Printer;

/// Lines of a failed command's output that its error shows: npm gives the reason first, cargo last.
const FIRST_LINES: usize = 10;
const LAST_LINES: usize = 25;

/// Where the output of a command goes while it runs.
#[derive(Clone, Copy)]
pub enum OutputMode<'a> {
    /// Kept, shown with `--verbose` or when the command fails.
    Kept,
    /// Passed on to our stderr as it arrives: the output is what the user waits for.
    Streamed,
    /// Kept, except for the lines that the caller takes as progress.
    Watched(&'a dyn Fn(&str) -> bool),
}

/// Runs a command to its end and returns its stdout; anything but success is an error with its command line, exit and
/// last output.
pub fn run(printer: &Printer, command: impl Into<Command>, mode: OutputMode<'_>) -> Result<String> {
    succeed(printer, command, mode).map(|finished| finished.stdout)
}

/// The same, for a caller that reads what it says on stderr, too.
pub fn succeed(printer: &Printer, command: impl Into<Command>, mode: OutputMode<'_>) -> Result<Finished> {
    let finished = finish(printer, command, mode)?;
    if finished.status.success() {
        return Ok(finished);
    }
    let mut message = format!(
        "`{}` failed with {}",
        finished.line,
        describe_exit(finished.status)
    );
    let excerpt = excerpt(&finished.stdout, &finished.stderr);
    if !matches!(mode, OutputMode::Streamed) && !excerpt.is_empty() {
        message.push_str(":\n");
        message.push_str(&excerpt);
    }
    Err(Failure::new(Exit::Failed, message).into())
}

/// A command that ended, successfully or not.
#[derive(Debug)]
pub struct Finished {
    pub line: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end; the caller decides what its exit means.
pub fn finish(printer: &Printer, command: impl Into<Command>, mode: OutputMode<'_>) -> Result<Finished> {
    let command: Command = command.into();
    let line = line_of(&command);
    let program = command.get_program().to_string_lossy().into_owned();
    printer.verbose(&format!("$ {line}"));
    let (mut stdout, mut stderr) = (Captured::default(), Captured::default());
    let supervision = Supervision::new(interrupt::raised_by_signals());
    let status = process::run(command, None, supervision, &mut |stream, piece| {
        let captured = match stream {
            Stream::Stdout => &mut stdout,
            Stream::Stderr => &mut stderr,
        };
        captured.take(piece, printer, mode);
    })
    .map_err(|error| failed_to_run(&program, error))?;
    Ok(Finished {
        line,
        status,
        stdout: stdout.finish(printer, mode),
        stderr: stderr.finish(printer, mode),
    })
}

/// One stream of a command, line by line: kept, and shown as it arrives.
#[derive(Default)]
struct Captured {
    text: String,
    lines: Lines,
}

impl Captured {
    fn take(&mut self, piece: &[u8], printer: &Printer, mode: OutputMode<'_>) {
        let text = &mut self.text;
        self.lines.push(piece, |line| keep(line, text, printer, mode));
    }

    fn finish(mut self, printer: &Printer, mode: OutputMode<'_>) -> String {
        if let Some(line) = self.lines.take() {
            keep(&line, &mut self.text, printer, mode);
        }
        self.text
    }
}

fn keep(line: &str, text: &mut String, printer: &Printer, mode: OutputMode<'_>) {
    match mode {
        OutputMode::Streamed => printer.pass_on(line),
        OutputMode::Watched(is_progress) if is_progress(line) => return,
        OutputMode::Kept | OutputMode::Watched(_) => printer.verbose(line.trim_end()),
    }
    text.push_str(line);
    text.push('\n');
}

fn failed_to_run(program: &str, error: ProcessError) -> anyhow::Error {
    let error = match error {
        ProcessError::Spawn(error) => error,
        other => return Failure::new(Exit::Failed, other.to_string()).into(),
    };
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
