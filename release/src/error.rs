//! Why something was not built. Messages follow one grammar; what to do is separate, in [`Error::hint`].

use std::io;
use std::path::{Path, PathBuf};

use ktx_manifest::{Finding, Severity};
use ktx_system::files::PathError;

use crate::epoch::EpochError;
use crate::version::UnmappableVersion;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// From `fs_err`, whose errors name the path.
    #[error("{0}")]
    File(#[source] io::Error),
    #[error(transparent)]
    Path(#[from] PathError),
    /// Something that another command makes, or the user, is not there.
    #[error("failed to read `{}`: {reason}", path.display())]
    Missing {
        path: PathBuf,
        reason: String,
        hint: String,
    },
    /// The input breaks rules; every breach is among the findings.
    #[error("failed to {verb} `{}`: {}", path.display(), counted(findings))]
    Refused {
        verb: &'static str,
        path: PathBuf,
        findings: Vec<Finding>,
    },
    #[error("{0}")]
    Epoch(#[from] EpochError),
    #[error("{0}")]
    Version(#[from] UnmappableVersion),
    #[error("interrupted")]
    Interrupted,
}

/// What has to be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input has to change.
    Failed,
    /// Another command makes what is missing.
    Prerequisite,
}

impl Error {
    pub(crate) fn missing(
        path: impl Into<PathBuf>,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Error::Missing {
            path: path.into(),
            reason: reason.into(),
            hint: hint.into(),
        }
    }

    /// What the user can do next, where this crate knows it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Missing { hint, .. } => Some(hint),
            Error::Epoch(error) => Some(error.hint()),
            Error::Version(error) => Some(error.hint()),
            Error::File(_) | Error::Path(_) | Error::Refused { .. } | Error::Interrupted => None,
        }
    }

    /// What has to be done about it, as exit codes tell it.
    pub fn kind(&self) -> ErrorKind {
        let is_missing = match self {
            Error::Missing { .. } => true,
            Error::Refused { findings, .. } => findings.iter().all(crate::lock::is_remade),
            _ => false,
        };
        if is_missing {
            ErrorKind::Prerequisite
        } else {
            ErrorKind::Failed
        }
    }

    /// What was found wrong, when that is why.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Error::Refused { findings, .. } => findings,
            _ => &[],
        }
    }
}

/// `Ok` when none of the findings fails the check.
pub(crate) fn unless_refused(verb: &'static str, path: &Path, findings: Vec<Finding>) -> Result<(), Error> {
    if findings.iter().all(|finding| finding.severity < Severity::Error) {
        return Ok(());
    }
    Err(Error::Refused {
        verb,
        path: path.to_owned(),
        findings,
    })
}

fn counted(findings: &[Finding]) -> String {
    match findings {
        [finding] => finding.message.clone(),
        _ => format!("{} findings", findings.len()),
    }
}

/// Asks whether the user wants the work to stop; asked between entries and blocks.
#[derive(Clone, Copy)]
pub struct Interrupt<'a>(&'a (dyn Fn() -> bool + Sync));

impl<'a> Interrupt<'a> {
    pub fn new(asked: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Interrupt(asked)
    }

    /// For callers that are never interrupted.
    pub fn never() -> Interrupt<'static> {
        Interrupt(&|| false)
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        if (self.0)() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}
