//! The wish of the user (Ctrl-C) or of the system (SIGTERM) that a command ends.
//!
//! A value that loops look at. Who sets it, and from which signal handler, is the command line's business.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by everything that one command starts; cloning gives another handle to the same wish.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicU8>);

/// The signals that end a command after it has cleaned up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: SIGINT.
    Interrupt,
    /// SIGTERM, and SIGHUP, which ends a command in the same way.
    Terminate,
}

/// The command was asked to end before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted by {0}")]
pub struct Interrupted(pub Signal);

impl Interrupt {
    /// A wish that nobody has made yet.
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Makes the wish. The first signal is the one that is remembered. Safe to call from any thread.
    pub fn raise(&self, signal: Signal) {
        let code = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
        };
        // A signal that comes second changes nothing: the exit code names what began the end.
        let _ = self
            .0
            .compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// The signal that was raised, if one was.
    pub fn raised(&self) -> Option<Signal> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Signal::Interrupt),
            _ => Some(Signal::Terminate),
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
    /// What a shell reports for a process that this signal ended: 128 plus the signal's number.
    pub const fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
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
        assert_eq!(interrupt.check(), Err(Interrupted(Signal::Terminate)));
        assert_eq!(Signal::Terminate.exit_code(), 143);
        assert_eq!(Signal::Interrupt.exit_code(), 130);
    }
}
