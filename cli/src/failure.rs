//! The one place where an error becomes a message and an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use ktx_app::runner;
use ktx_runtime::{Interrupted, Signal};

use crate::exit::Exit;
use crate::printer::Printer;
use crate::session::Session;
use crate::version;

/// Wrong usage that clap's own rules do not catch: [`Exit::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The command has already reported why: [`Exit::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("the command failed")]
pub struct AlreadyReported;

/// Prints help, version or a usage error, and chooses the exit code.
pub fn usage(printer: &Printer, error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    match error.kind() {
        // clap answers as soon as it meets the flag, and reads no further.
        ErrorKind::DisplayVersion if arguments.iter().any(|argument| argument == "--json") => {
            printer.json(&version::Described::new());
            Exit::Done.into()
        }
        ErrorKind::DisplayVersion => {
            printer.line(&version::line());
            if arguments.iter().any(|argument| argument == "--verbose") {
                version::details().iter().for_each(|line| printer.line(line));
            }
            Exit::Done.into()
        }
        ErrorKind::DisplayHelp => {
            printer.raw(&error.render().to_string());
            Exit::Done.into()
        }
        _ => {
            printer.diagnostic(error.render().to_string().trim_end());
            Exit::Usage.into()
        }
    }
}

/// Prints what went wrong, and chooses the exit code.
pub fn report(session: &Session, error: &anyhow::Error) -> ExitCode {
    if error.is::<AlreadyReported>() {
        return Exit::Failed.into();
    }
    for line in sentence_and_hint(error) {
        let line = runner::spelled(&line, &session.app.environment);
        session.printer.diagnostic(&line);
    }
    if let Some(signal) = interrupted(session, error) {
        return ExitCode::from(signal.exit_code());
    }
    if error.is::<Usage>() {
        Exit::Usage.into()
    } else {
        Exit::Failed.into()
    }
}

/// The exit code of a command that succeeded: output that could not be written makes it a failure.
pub fn finish(printer: &Printer, code: ExitCode) -> ExitCode {
    match printer.finish() {
        Ok(()) => code,
        Err(error) => {
            printer.diagnostic(&format!("failed to write to stdout: {error}"));
            Exit::Failed.into()
        }
    }
}

/// The error with its causes on one line, then the line with the hint when there is one.
pub fn sentence_and_hint(error: &anyhow::Error) -> Vec<String> {
    let hint = hint(error).map(|hint| format!("hint: {hint}"));
    std::iter::once(sentence(error)).chain(hint).collect()
}

/// A cause that the text already quotes is skipped.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// The hint of the outermost cause that has one.
pub fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<ktx_app::Error>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<ktx_runtime::Error>() {
            return error.hint();
        }
        cause
            .downcast_ref::<ktx_project::Error>()
            .and_then(ktx_project::Error::hint)
    })
}

/// The signal that the command ended for, whatever it broke: an error that says so, or an installation that was
/// cancelled by Ctrl-C at the question.
fn interrupted(session: &Session, error: &anyhow::Error) -> Option<Signal> {
    error.chain().find_map(|cause| {
        if let Some(Interrupted(signal)) = cause.downcast_ref::<Interrupted>() {
            return Some(*signal);
        }
        let error = match cause.downcast_ref::<ktx_app::Error>() {
            Some(error) => match error.interrupted() {
                Some(Interrupted(signal)) => return Some(signal),
                None => error.runtime()?,
            },
            None => cause.downcast_ref::<ktx_runtime::Error>()?,
        };
        match error {
            ktx_runtime::Error::InstallCancelled { .. } => session.app.interrupt.raised(),
            error => error.interrupted().map(|Interrupted(signal)| signal),
        }
    })
}
