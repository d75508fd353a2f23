//! Why a command failed, with what to do about it kept apart from the sentence.

use ktx_project::ingest::IngestError;
use ktx_project::warehouse::WarehouseError;
use ktx_runtime::Interrupted;
use ktx_runtime::ports::PortError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Project(#[from] ktx_project::Error),
    #[error(transparent)]
    Runtime(#[from] ktx_runtime::Error),
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Database(#[from] WarehouseError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The request cannot be served as it is.
    #[error("{message}")]
    Refused { message: String, hint: Option<String> },
    /// One that a program can act on: a stable code and what to run next.
    #[error("{message}")]
    Coded {
        code: &'static str,
        message: String,
        next_steps: Vec<String>,
    },
}

impl Error {
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            hint: None,
        }
    }

    pub fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// What to do about it, for the line below the sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) | Self::Ingest(IngestError::Project(error)) => error.hint(),
            Self::Database(error) => error.hint(),
            Self::Port(error) | Self::Ingest(IngestError::Port(error)) => error.hint(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Runtime(error) => error.hint(),
            Self::Ingest(_) | Self::Interrupted(_) | Self::Coded { .. } => None,
        }
    }

    /// The failure of the runtime, if that is what it is.
    pub fn runtime(&self) -> Option<&ktx_runtime::Error> {
        match self {
            Self::Runtime(error)
            | Self::Port(PortError::Runtime(error))
            | Self::Ingest(IngestError::Port(PortError::Runtime(error))) => Some(error),
            _ => None,
        }
    }

    /// The signal that ended the command, if that is why it failed.
    pub fn interrupted(&self) -> Option<Interrupted> {
        match self {
            Self::Interrupted(interrupted) => Some(*interrupted),
            Self::Runtime(error) => error.interrupted(),
            Self::Port(error) | Self::Ingest(IngestError::Port(error)) => error.interrupted(),
            _ => None,
        }
    }
}
