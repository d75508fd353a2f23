//! The protocol over stdin and stdout, one message a line. Both are used on threads of their own: reading waits for the
//! client, and writing goes through the printer, so that a client that reads slowly, or through a non-blocking pipe,
//! gets every byte, and a full disk is noticed.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ktx_runtime::Interrupt;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc;

use super::messages::{self, Incoming};
use crate::printer::Printer;

/// How often the end of the output checks whether the process was asked to end.
const POLL: Duration = Duration::from_millis(20);
/// A longer line is not a request; the SDK's own limit.
const LONGEST_LINE: usize = 16 * 1024 * 1024;
/// Messages that were read and not yet taken; then reading waits.
const WAITING: usize = 64;

pub struct Stdio {
    requests: mpsc::Receiver<ClientJsonRpcMessage>,
    output: Output,
}

/// Where the protocol writes.
#[derive(Clone)]
struct Output {
    lines: Sender<Vec<u8>>,
    printer: Printer,
}

/// Ends when everything is written.
pub struct OutputWritten(Receiver<()>);

/// The transport, and how to wait for the end of its output.
pub fn open(printer: Printer) -> (Stdio, OutputWritten) {
    let (lines, received) = channel::<Vec<u8>>();
    let (done, written) = channel();
    let writer = printer.clone();
    std::thread::spawn(move || {
        for line in received {
            writer.bytes(&line);
        }
        // An error here is a server that does not wait.
        let _ = done.send(());
    });
    let output = Output { lines, printer };
    let (sender, requests) = mpsc::channel(WAITING);
    let answers = output.clone();
    std::thread::spawn(move || read(BufReader::new(io::stdin()), &sender, &answers));
    (Stdio { requests, output }, OutputWritten(written))
}

/// Reads until the client hangs up, or nobody takes messages.
fn read(mut input: impl BufRead, requests: &mpsc::Sender<ClientJsonRpcMessage>, answers: &Output) {
    let mut line = Vec::new();
    while matches!(next_line(&mut input, &mut line), Ok(true)) {
        let passed = match messages::read(line.trim_ascii()) {
            Incoming::Message(message) => requests.blocking_send(*message).is_ok(),
            Incoming::Refused(answer) => answers.send(&answer).is_ok(),
            Incoming::Ignored => true,
        };
        if !passed {
            return;
        }
    }
}

/// False at the end. The rest of a line that is too long is dropped, and what is left of it is not JSON.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    input.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', line)?;
    if line.len() == LONGEST_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(line.ends_with(b"\n") || line.len() == LONGEST_LINE)
}

impl Output {
    fn send(&self, message: &ServerJsonRpcMessage) -> io::Result<()> {
        if self.printer.has_failed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.lines
            .send(line)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        std::future::ready(self.output.send(&message))
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.requests.recv().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.requests.close();
        Ok(())
    }
}

impl OutputWritten {
    /// Waits for the last byte, unless the process is asked to end.
    pub fn wait(&self, interrupt: &Interrupt) {
        while self.0.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) && interrupt.raised().is_none() {}
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, next_line};

    #[test]
    fn lines_end_with_a_newline_and_long_ones_are_one_line() {
        let long = "x".repeat(LONGEST_LINE + 5);
        for (text, lengths) in [
            ("", vec![]),
            ("a\nbc\n", vec![2, 3]),
            ("a\nunfinished", vec![2]),
            (&*format!("{long}\nb\n"), vec![LONGEST_LINE, 2]),
        ] {
            let (mut input, mut line, mut found) = (text.as_bytes(), Vec::new(), Vec::new());
            while next_line(&mut input, &mut line).expect("reads") {
                found.push(line.len());
            }
            assert_eq!(found, lengths);
        }
    }
}
