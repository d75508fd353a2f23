//! The two streams: stdout carries data, stderr carries talk.
//!
//! The only place that writes to them. A reader that went away (`ktx … | head`) ends the output, not the command.

use std::io::{IsTerminal, Write};

use serde::Serialize;

/// Writes whole lines, flushed, so that lines of data and of talk keep their order on a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    stdin_is_terminal: bool,
}

impl Printer {
    /// A printer over the process's own streams.
    pub fn new() -> Printer {
        Printer {
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
        }
    }

    /// A line of data on stdout.
    pub fn line(&self, text: &str) {
        write_line(std::io::stdout().lock(), text);
    }

    /// Text on stdout as it stands, without a line end of its own.
    pub fn raw(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// A value on stdout as JSON, indented by two blanks.
    pub fn json<T: Serialize>(&self, value: &T) {
        // The types that commands print serialise without fail: no maps with keys that are not text.
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
        self.line(&text);
    }

    /// A line of talk on stderr.
    pub fn talk(&self, text: &str) {
        write_line(std::io::stderr().lock(), text);
    }

    /// Whether somebody reads stderr as it is written.
    pub fn stderr_is_terminal(&self) -> bool {
        self.stderr_is_terminal
    }

    /// Whether somebody reads stdout as it is written.
    pub fn stdout_is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// Whether somebody can be asked: both ends of the conversation are a terminal.
    pub fn is_interactive(&self) -> bool {
        self.stdin_is_terminal && self.stdout_is_terminal
    }
}

fn write_line(mut stream: impl Write, text: &str) {
    // An error here is a reader that has gone; there is nobody left to tell.
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}
