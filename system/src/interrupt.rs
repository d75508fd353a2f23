//! The request of the user (Ctrl-C), of the terminal (SIGHUP) or of the system (SIGTERM) that a command ends: a value that loops look at.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by everything that one command starts; cloning gives another handle to the same request.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Request>);

#[derive(Debug, Default)]
struct Request {
    code: AtomicU8,
    /// Of the command that the work is a part of.
    parent: Option<Interrupt>,
}

/// The bit beside the code of the first signal.
const INSISTED: u8 = 0x80;

/// The signals that end a command after it has cleaned up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal was closed.
    HangUp,
    /// The client of a server cancelled its request: it ends that request, and no process.
    Cancel,
}

/// The command was asked to end before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted by {0}")]
pub struct Interrupted(pub Signal);

impl Interrupt {
    /// No signal yet.
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// For a part of the work: raising it ends that part alone, and raising this one ends every part.
    #[must_use]
    pub fn part(&self) -> Interrupt {
        Interrupt(Arc::new(Request {
            code: AtomicU8::default(),
            parent: Some(self.clone()),
        }))
    }

    /// Records a signal. The first one is remembered. Safe to call from any thread.
    pub fn raise(&self, signal: Signal) {
        let code = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
            Signal::HangUp => 3,
            Signal::Cancel => 4,
        };
        // The exit code names the first signal.
        let _ = self
            .0
            .code
            .compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Records that the user asked again: children are killed without further patience.
    pub fn insist(&self) {
        self.0.code.fetch_or(INSISTED, Ordering::SeqCst);
    }

    /// Whether [`Interrupt::insist`] was called.
    pub fn is_insistent(&self) -> bool {
        self.0.code.load(Ordering::SeqCst) & INSISTED != 0
            || self.0.parent.as_ref().is_some_and(Interrupt::is_insistent)
    }

    /// The signal that was raised, if one was.
    pub fn raised(&self) -> Option<Signal> {
        match self.0.code.load(Ordering::SeqCst) & !INSISTED {
            0 => self.0.parent.as_ref().and_then(Interrupt::raised),
            1 => Some(Signal::Interrupt),
            2 => Some(Signal::Terminate),
            3 => Some(Signal::HangUp),
            _ => Some(Signal::Cancel),
        }
    }

    /// An error as soon as a signal was raised: what loops and steps call.
    ///
    /// # Errors
    /// [`Interrupted`] with the signal.
    pub fn check(&self) -> Result<(), Interrupted> {
        self.raised().map_or(Ok(()), |signal| Err(Interrupted(signal)))
    }
}

impl Signal {
    /// By their exit codes.
    pub const ALL: [Signal; 3] = [Signal::HangUp, Signal::Interrupt, Signal::Terminate];

    /// What a shell reports for a process that this signal ended: 128 plus the signal's number.
    pub const fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt | Signal::Cancel => 130,
            Signal::Terminate => 143,
            Signal::HangUp => 129,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "SIGHUP",
            Signal::Cancel => "the client",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_first_signal() {
        let interrupt = Interrupt::new();
        assert_eq!(interrupt.check(), Ok(()));
        interrupt.clone().raise(Signal::Terminate);
        interrupt.raise(Signal::Interrupt);
        assert!(!interrupt.is_insistent());
        interrupt.insist();
        assert!(interrupt.is_insistent());
        assert_eq!(interrupt.check(), Err(Interrupted(Signal::Terminate)));
    }

    #[test]
    fn every_signal_is_remembered_as_itself() {
        for (signal, exit_code, name) in [
            (Signal::HangUp, 129, "SIGHUP"),
            (Signal::Interrupt, 130, "Ctrl-C"),
            (Signal::Terminate, 143, "SIGTERM"),
            (Signal::Cancel, 130, "the client"),
        ] {
            let interrupt = Interrupt::new();
            interrupt.raise(signal);
            interrupt.insist();
            assert_eq!(interrupt.raised(), Some(signal));
            assert_eq!(signal.exit_code(), exit_code);
            assert_eq!(Interrupted(signal).to_string(), format!("interrupted by {name}"));
        }
    }
    #[test]
    fn a_part_ends_alone_and_with_the_whole() {
        let whole = Interrupt::new();
        let (one, other) = (whole.part(), whole.part());
        one.raise(Signal::Cancel);
        assert_eq!(one.raised(), Some(Signal::Cancel));
        assert_eq!((whole.raised(), other.raised()), (None, None));
        whole.raise(Signal::Terminate);
        whole.insist();
        assert_eq!(one.raised(), Some(Signal::Cancel));
        assert_eq!(other.raised(), Some(Signal::Terminate));
        assert!(other.is_insistent());
    }
}
