//! What a request can come to instead of an answer, in the words of the port that made it.

use crate::Interrupted;

/// Who talks to the daemon: their messages begin differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Requests through the managed daemon without a port of their own.
    ManagedDaemon,
    /// Analysis of SQL text.
    SqlAnalysis,
    /// The semantic layer, database introspection, table identifiers.
    Daemon,
}

impl Port {
    /// How the messages of this port begin.
    pub const fn label(self) -> &'static str {
        match self {
            Port::ManagedDaemon => "KTX managed daemon",
            Port::SqlAnalysis => "sql analysis",
            Port::Daemon => "ktx-daemon",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("{} HTTP {path} failed with {status}: {body}", port.label())]
    Status {
        port: Port,
        path: String,
        status: u16,
        body: String,
    },
    #[error("{} HTTP {path} returned non-object JSON", port.label())]
    NotAnObject { port: Port, path: String },
    /// The body is not JSON; the parser's own words.
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    /// No connection, or one that ended early; the words of the socket.
    #[error("{0}")]
    Transport(String),
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
