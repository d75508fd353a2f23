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
        kind: ErrorKind,
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
        match self {
            Error::Missing { .. } => ErrorKind::Prerequisite,
            Error::Refused { kind, .. } => *kind,
            _ => ErrorKind::Failed,
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
    refuse(verb, path, findings, ErrorKind::Failed)
}

/// The same for findings that are `stale`: when nothing else is wrong, the command that refreshes them has to run first.
pub(crate) fn unless_stale_or_refused(
    verb: &'static str,
    path: &Path,
    stale: Vec<Finding>,
    findings: Vec<Finding>,
) -> Result<(), Error> {
    let kind = match findings.is_empty() {
        true => ErrorKind::Prerequisite,
        false => ErrorKind::Failed,
    };
    refuse(verb, path, [stale, findings].concat(), kind)
}

fn refuse(verb: &'static str, path: &Path, findings: Vec<Finding>, kind: ErrorKind) -> Result<(), Error> {
    if findings.iter().all(|finding| finding.severity < Severity::Error) {
        return Ok(());
    }
    Err(Error::Refused {
        verb,
        path: path.to_owned(),
        findings,
        kind,
    })
}

fn counted(findings: &[Finding]) -> String {
    match findings {
        [finding] => finding.message.clone(),
        _ => format!("{} findings", findings.len()),
    }
}
