//! A failed build as an exit code, a message and all of its findings.

use ktx_release::{Error, ErrorKind};

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Prints the findings behind an error of `ktx_release`, and gives it its exit code.
pub fn failure(session: &Session<'_>, error: Error) -> anyhow::Error {
    // A single finding is quoted by the error itself; its hint still counts.
    let single = error.findings().len() == 1;
    if !single {
        session.printer.findings(error.findings());
    }
    let hint = error
        .findings()
        .first()
        .filter(|_| single)
        .and_then(|finding| finding.hint.clone());
    let hint = error.hint().map(str::to_owned).or(hint);
    let exit = match error.kind() {
        ErrorKind::Prerequisite => Exit::Prerequisite,
        ErrorKind::Failed => Exit::Failed,
    };
    let failure = Failure::new(exit, error.to_string()).because(error);
    match hint {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}
