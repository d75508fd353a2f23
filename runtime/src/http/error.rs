//! Why a request has no answer, in the words of the caller.

use crate::Interrupted;

/// Who sends the request: their messages begin differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Requests through the managed daemon of no particular caller.
    ManagedDaemon,
    /// Analysis of SQL text.
    SqlAnalysis,
    /// The semantic layer, database introspection, table identifiers.
    Daemon,
}

impl Caller {
    /// How the messages for this caller begin.
    pub const fn label(self) -> &'static str {
        match self {
            Caller::ManagedDaemon => "KTX managed daemon",
            Caller::SqlAnalysis => "sql analysis",
            Caller::Daemon => "ktx-daemon",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("{} HTTP {path} failed with {status}: {body}", caller.label())]
    Status {
        caller: Caller,
        path: String,
        status: u16,
        body: String,
    },
    #[error("{} HTTP {path} returned non-object JSON", caller.label())]
    NotAnObject { caller: Caller, path: String },
    /// The body is not JSON; the parser's own words.
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    /// No connection, or one that ended early; the socket's error where there was a socket.
    #[error("{0}")]
    Transport(#[source] std::io::Error),
    #[error("no complete answer within {seconds} s")]
    TimedOut { seconds: u64 },
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error(transparent)]
    Url(#[from] super::InvalidUrl),
}

impl HttpError {
    /// The signal that ended the request, if that is why it failed.
    pub fn interrupted(&self) -> Option<Interrupted> {
        match self {
            HttpError::Interrupted(interrupted) => Some(*interrupted),
            _ => None,
        }
    }
}
