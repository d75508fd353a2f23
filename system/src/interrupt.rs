//! The request of the user (Ctrl-C), of the terminal (SIGHUP) or of the system (SIGTERM) that a command ends: a value that loops look at.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by everything that one command starts; cloning gives another handle to the same request.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicU8>);

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

    /// Records a signal. The first one is remembered. Safe to call from any thread.
    pub fn raise(&self, signal: Signal) {
        let code = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
            Signal::HangUp => 3,
        };
        // The exit code names the first signal.
        let _ = self
            .0
            .compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Records that the user asked again: children are killed without further patience.
    pub fn insist(&self) {
        self.0.fetch_or(INSISTED, Ordering::SeqCst);
    }

    /// Whether [`Interrupt::insist`] was called.
    pub fn is_insistent(&self) -> bool {
        self.0.load(Ordering::SeqCst) & INSISTED != 0
    }

    /// The signal that was raised, if one was.
    pub fn raised(&self) -> Option<Signal> {
        match self.0.load(Ordering::SeqCst) & !INSISTED {
            0 => None,
            1 => Some(Signal::Interrupt),
            2 => Some(Signal::Terminate),
            _ => Some(Signal::HangUp),
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
        ] {
            let interrupt = Interrupt::new();
            interrupt.raise(signal);
            interrupt.insist();
            assert_eq!(interrupt.raised(), Some(signal));
            assert_eq!(signal.exit_code(), exit_code);
            assert_eq!(Interrupted(signal).to_string(), format!("interrupted by {name}"));
        }
    }
}
