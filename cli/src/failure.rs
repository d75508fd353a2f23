//! The one place where an error becomes a message and an exit code.
//!
//! | exit | means |
//! | --- | --- |
//! | 1 | the command failed |
//! | 2 | wrong usage |
//! | 130, 143 | interrupted by Ctrl-C or SIGTERM, after cleaning up |

use std::process::ExitCode;

use clap::error::ErrorKind;
use ktx_runtime::{Interrupted, Signal};

use crate::hint;
use crate::printer::Printer;
use crate::session::Session;
use crate::version;

/// Wrong usage that clap's own rules do not see. Exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The command has already said what there is to say. Exit 1.
#[derive(Debug, thiserror::Error)]
#[error("the command failed")]
pub struct AlreadyReported;

/// Prints help, version or a usage error, and says how to exit.
pub fn usage(printer: &Printer, error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayVersion => {
            printer.line(&version::line());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelp => {
            printer.raw(&error.render().to_string());
            ExitCode::SUCCESS
        }
        _ => {
            printer.talk(error.render().to_string().trim_end());
            ExitCode::from(2)
        }
    }
}

/// Prints what went wrong, and says how to exit.
pub fn report(session: &Session, error: &anyhow::Error) -> ExitCode {
    if error.is::<AlreadyReported>() {
        return ExitCode::FAILURE;
    }
    session.printer.talk(&message(error));
    if let Some(hint) = hint::of(error) {
        session.printer.talk(&format!("hint: {hint}"));
    }
    if let Some(signal) = interrupted(session, error) {
        return ExitCode::from(signal.exit_code());
    }
    if error.is::<Usage>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// The error and its causes on one line, a cause that the text already ends with left out.
fn message(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// The signal that the command ended for, however deep it lies under what it broke: an error that says so, or an
/// installation that was cancelled by Ctrl-C at the question.
fn interrupted(session: &Session, error: &anyhow::Error) -> Option<Signal> {
    error.chain().find_map(|cause| {
        if let Some(Interrupted(signal)) = cause.downcast_ref::<Interrupted>() {
            return Some(*signal);
        }
        match cause.downcast_ref::<ktx_runtime::Error>()? {
            ktx_runtime::Error::InstallCancelled { .. } => session.interrupt.raised(),
            error => error.interrupted().map(|Interrupted(signal)| signal),
        }
    })
}
