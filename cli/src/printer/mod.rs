//! The two streams: stdout carries data, stderr carries diagnostics.
//!
//! The only place that writes to them. A write to stdout that fails is remembered, and the command fails with it; a
//! reader that exited early (`ktx … | head`) ends the output quietly, as with other tools.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ktx_system::stream;
use serde::Serialize;

/// Writes whole lines, at once, so that lines of data and diagnostics keep their order on a terminal.
#[derive(Clone, Debug)]
pub struct Printer {
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    stdin_is_terminal: bool,
    /// The first write to stdout that failed; nothing is written after it.
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl Printer {
    /// A printer over the process's own streams.
    pub fn new() -> Printer {
        Printer {
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            stdin_is_terminal: io::stdin().is_terminal(),
            failure: Arc::default(),
        }
    }

    /// A line of data on stdout.
    pub fn line(&self, text: &str) {
        self.raw(&format!("{text}\n"));
    }

    /// Text on stdout as it is, without adding a newline.
    pub fn raw(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Bytes on stdout as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        if self.has_failed() {
            return;
        }
        if let Err(error) = stream::write_all(&mut io::stdout().lock(), bytes) {
            *self.failure() = Some(error);
        }
    }

    /// Whether a write has failed: nothing is written after that.
    pub fn has_failed(&self) -> bool {
        self.failure().is_some()
    }

    fn failure(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value on stdout as JSON, indented by two blanks.
    pub fn json<T: Serialize>(&self, value: &T) {
        // The types that commands print serialise without fail: no maps with keys that are not text.
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
        self.line(&text);
    }

    /// A line on stderr. A failure to write it cannot be reported anywhere, so it is ignored.
    pub fn diagnostic(&self, text: &str) {
        let _ = stream::write_all(&mut io::stderr().lock(), format!("{text}\n").as_bytes());
    }

    /// Whether everything that was printed has reached stdout.
    ///
    /// # Errors
    /// With the first write that failed, unless the reader exited early.
    pub fn finish(&self) -> io::Result<()> {
        match self.failure().take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether stderr is a terminal.
    pub fn stderr_is_terminal(&self) -> bool {
        self.stderr_is_terminal
    }

    /// Whether stdout is a terminal.
    pub fn stdout_is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// Whether the user can be asked: stdin and stdout are both terminals.
    pub fn is_interactive(&self) -> bool {
        self.stdin_is_terminal && self.stdout_is_terminal
    }
}
