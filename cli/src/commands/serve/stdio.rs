//! The server's output: written by a separate thread through the printer, so that a client that reads slowly, or
//! through a non-blocking pipe, gets every byte, and a full disk is noticed.

use std::io;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::task::{Context, Poll};
use std::time::Duration;

use ktx_runtime::Interrupt;
use tokio::io::AsyncWrite;

use crate::printer::Printer;

/// How often the end of the output checks whether the process was asked to end.
const POLL: Duration = Duration::from_millis(20);

/// Where the protocol writes.
pub struct Output {
    pieces: Sender<Vec<u8>>,
    printer: Printer,
}

/// Ends when everything is written.
pub struct Written(Receiver<()>);

/// An output, and how to wait for its end.
pub fn output(printer: Printer) -> (Output, Written) {
    let (pieces, received) = channel::<Vec<u8>>();
    let (done, written) = channel();
    let writer = printer.clone();
    std::thread::spawn(move || {
        for piece in received {
            writer.bytes(&piece);
        }
        // An error here is a server that does not wait.
        let _ = done.send(());
    });
    (Output { pieces, printer }, Written(written))
}

impl Written {
    /// Waits for the last byte, unless the process is asked to end.
    pub fn wait(&self, interrupt: &Interrupt) {
        while self.0.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) && interrupt.raised().is_none() {}
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        if self.printer.has_failed() {
            return Poll::Ready(Err(gone()));
        }
        let sent = self.pieces.send(bytes.to_vec());
        Poll::Ready(sent.map(|()| bytes.len()).map_err(|_| gone()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
