//! Turns the outcome of a command into one message and one exit code.
//!
//! The codes are an interface: pipelines branch on them. `--help` and the README have the same table.

use std::fmt;
use std::io;
use std::process::ExitCode;

use ktx_publish::PublishError;
use ktx_system::Signal;
use serde::Serialize;

use crate::interrupt;
use crate::printer::{Format, Printer, Verbosity};

/// Why a command did not succeed, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The check or the operation failed.
    Failed = 1,
    /// The command line asks for something that does not exist or contradicts itself.
    Usage = 2,
    /// The release policy or the dist-tag guard forbids it.
    Refused = 3,
    /// A tool or a file that the command needs is missing; the hint names the fix.
    Prerequisite = 4,
    /// The registry or the network did not answer, or sent nonsense.
    Network = 5,
    /// The bytes are not the expected ones.
    Integrity = 6,
}

impl Exit {
    const ALL: [Exit; 6] = [
        Exit::Failed,
        Exit::Usage,
        Exit::Refused,
        Exit::Prerequisite,
        Exit::Network,
        Exit::Integrity,
    ];

    fn meaning(self) -> &'static str {
        match self {
            Exit::Failed => "the check or the operation failed",
            Exit::Usage => "wrong usage",
            Exit::Refused => "refused by policy",
            Exit::Prerequisite => "a prerequisite is missing; the message names the command that fixes it",
            Exit::Network => "registry or network",
            Exit::Integrity => "integrity: the bytes are not the expected ones",
        }
    }
}

/// The part of the help text with every code and its meaning.
pub fn help() -> String {
    let rows = table().map(|(codes, meaning)| format!("  {codes:<13}  {meaning}\n"));
    format!("Exit codes:\n{}", rows.collect::<String>())
}

/// Codes that mean the same share a row.
fn table() -> impl Iterator<Item = (String, &'static str)> {
    let own = Exit::ALL.map(|exit| ((exit as u8).to_string(), exit.meaning()));
    let signals = Signal::ALL.map(|signal| signal.exit_code().to_string());
    let done = ("0".to_owned(), "done, or already done");
    let interrupted = (signals.join(", "), "interrupted, after cleaning up");
    [done].into_iter().chain(own).chain([interrupted])
}

/// An error that knows its exit code and, where there is one, its hint.
///
/// Whatever is not a `Failure` exits 1.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
    source: Option<anyhow::Error>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure {
            exit,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// This failure in place of `error`, which becomes its cause; a missing program stays as it is, because its own
    /// message names the fix.
    pub fn instead_of(self, error: anyhow::Error) -> anyhow::Error {
        match code(&error) {
            Exit::Prerequisite => error,
            _ => self.because(error).into(),
        }
    }

    /// Keeps the error that caused this one; its text follows the message after a colon.
    #[must_use]
    pub fn because(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Prints what went wrong, if anything did, and gives the process its exit code.
pub fn report(printer: &Printer, result: anyhow::Result<()>) -> ExitCode {
    if let Some(signal) = interrupt::received() {
        let message = format!("interrupted by {}", signal);
        let hint = result.as_ref().err().and_then(after_interruption);
        document(printer, &message, signal.exit_code(), hint);
        printer.error(&message, hint);
        return ExitCode::from(signal.exit_code());
    }
    let Err(error) = result else {
        return written(printer, 0);
    };
    let exit = code(&error) as u8;
    document(printer, &sentence(&error), exit, hint(&error));
    tell(printer, &error);
    written(printer, exit)
}

/// Help, the version, or what is wrong with a command line, in clap's words; with `--json` the latter is a document, too.
pub fn usage(error: &clap::Error) -> ExitCode {
    let wrong = error.use_stderr();
    let json = wrong && std::env::args_os().any(|argument| argument == "--json");
    let printer = Printer::new(Verbosity::Normal, if json { Format::Json } else { Format::Text });
    if !wrong {
        printer.data(error.render().to_string().trim_end());
        return written(&printer, 0);
    }
    document(&printer, error.to_string().trim_end(), Exit::Usage as u8, None);
    // When this cannot be printed, nothing can.
    let _ = error.print();
    written(&printer, Exit::Usage as u8)
}

/// The exit code, unless everything went well but a part of the answer could not be written.
fn written(printer: &Printer, exit: u8) -> ExitCode {
    let Some(error) = printer.lost() else {
        return ExitCode::from(exit);
    };
    tell(printer, &unwritten(error).into());
    ExitCode::from(if exit == 0 { Exit::Failed as u8 } else { exit })
}

/// A pipeline gets exactly one document; nothing is added to one that the command has printed.
fn document(printer: &Printer, error: &str, exit: u8, hint: Option<&str>) {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a str,
        exit: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    }
    if printer.has_answered() {
        return;
    }
    if let Err(error) = printer.document(&Failed { error, exit, hint }) {
        printer.warning(&format!("failed to print the document: {error}"));
    }
}

/// Prints an error and its hint.
pub fn tell(printer: &Printer, error: &anyhow::Error) {
    printer.error(&sentence(error), hint(error));
}

fn hint(error: &anyhow::Error) -> Option<&str> {
    let hint = failure(error).and_then(|failure| failure.hint.as_deref());
    hint.or_else(|| way_out(error))
}

/// What to do when releasing was interrupted; other commands have nothing to be found out.
fn after_interruption(error: &anyhow::Error) -> Option<&str> {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
    causes
        .any(|cause| matches!(cause, PublishError::Interrupted))
        .then(|| hint(error))?
}

/// The exit code that an error asks for.
pub fn code(error: &anyhow::Error) -> Exit {
    failure(error).map_or(Exit::Failed, |failure| failure.exit)
}

fn failure(error: &anyhow::Error) -> Option<&Failure> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

fn unwritten(error: io::Error) -> Failure {
    Failure::new(Exit::Failed, "failed to write the answer to stdout").because(error)
}

/// The hint for an error of the file system that has none.
fn way_out(error: &anyhow::Error) -> Option<&'static str> {
    let mut causes = error.chain();
    match causes.find_map(|cause| cause.downcast_ref::<io::Error>())?.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make space on that disk, then run the command again")
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Some("make it readable and writable for this user, then run the command again")
        }
        _ => None,
    }
}

/// The whole chain of causes as one sentence; a cause that its parent already quotes is not repeated.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_is_already_quoted_is_not_repeated() {
        let inner = anyhow::anyhow!("no such file");
        let quoted = Failure::new(Exit::Failed, "failed to read `x`: no such file").because(inner);
        assert_eq!(sentence(&quoted.into()), "failed to read `x`: no such file");
        let bare = Failure::new(Exit::Failed, "failed to read `x`").because(anyhow::anyhow!("no such file"));
        assert_eq!(sentence(&bare.into()), "failed to read `x`: no such file");
    }

    #[test]
    fn the_documents_list_exactly_the_codes_that_there_are() {
        let rows = table().map(|(codes, meaning)| format!("| {codes} | {meaning} |\n"));
        let expected = format!("| exit | means |\n| --- | --- |\n{}", rows.collect::<String>());
        let readme = include_str!("../../README.md");
        assert!(
            readme.contains(&format!("\n{expected}\n")),
            "README.md lacks\n{expected}"
        );
        let listed: Vec<String> = table().map(|(codes, _)| codes).collect();
        let runbook = include_str!("../../docs/RELEASING.md");
        for code in runbook
            .split("exit ")
            .skip(1)
            .filter_map(|rest| rest.split(|end: char| !end.is_ascii_digit()).next())
        {
            assert!(
                code.is_empty() || listed.iter().any(|known| known == code),
                "docs/RELEASING.md: exit {code}"
            );
        }
    }
}
