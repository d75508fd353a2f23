//! The whole output of a child, for those that only read it once it has ended.

use std::process::{Command, ExitStatus};

use super::{ProcessError, Stream, Supervision, run};

/// A child that ended by itself.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end and keeps what it writes.
///
/// # Errors
/// [`ProcessError`]; a child that exits with a failure is not an error.
pub fn collect(command: Command, supervision: Supervision<'_>) -> Result<Output, ProcessError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = run(command, None, supervision, &mut |stream, piece| match stream {
        Stream::Stdout => stdout.extend_from_slice(piece),
        Stream::Stderr => stderr.extend_from_slice(piece),
    })?;
    Ok(Output {
        status,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// `exit code 1`, or the signal that ended the child.
pub fn describe_exit(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}
