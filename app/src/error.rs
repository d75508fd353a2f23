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
    /// Another error, with what to do about it here.
    #[error(transparent)]
    Hinted(Box<WithHint>),
    /// One that a program can act on: a stable code and what to run next.
    #[error("{message}")]
    Coded {
        code: &'static str,
        message: String,
        next_steps: Vec<String>,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct WithHint {
    source: Error,
    hint: String,
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

    #[must_use]
    pub fn with_hint(self, hint: String) -> Self {
        Self::Hinted(Box::new(WithHint { source: self, hint }))
    }

    /// Whether the database refused one statement, and may answer the next.
    pub fn is_of_the_statement(&self) -> bool {
        // The last one is the time limit of SQLite.
        matches!(
            self,
            Self::Port(PortError::Refused { .. }) | Self::Database(_) | Self::Refused { .. }
        )
    }

    /// What to do about it, for the line below the sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) | Self::Ingest(IngestError::Project(error)) => error.hint(),
            Self::Database(error) => error.hint(),
            Self::Port(error) | Self::Ingest(IngestError::Port(error)) => error.hint(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Hinted(hinted) => Some(hinted.hint.clone()),
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
            Self::Hinted(hinted) => hinted.source.runtime(),
            _ => None,
        }
    }

    /// The stable code, of an error that has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Coded { code, .. } => Some(code),
            _ => None,
        }
    }

    /// What a program does next: the steps that the error lists, or its hint.
    pub fn next_steps(&self) -> Vec<String> {
        match self {
            Self::Coded { next_steps, .. } => next_steps.clone(),
            Self::Hinted(hinted) => vec![hinted.hint.clone()],
            error => match error.runtime() {
                Some(error) => error.next_step().into_iter().collect(),
                None => error.hint().into_iter().collect(),
            },
        }
    }

    /// The signal that ended the command, if that is why it failed.
    pub fn interrupted(&self) -> Option<Interrupted> {
        match self {
            Self::Interrupted(interrupted) => Some(*interrupted),
            Self::Runtime(error) => error.interrupted(),
            Self::Port(error) | Self::Ingest(IngestError::Port(error)) => error.interrupted(),
            Self::Hinted(hinted) => hinted.source.interrupted(),
            _ => None,
        }
    }
}
