//! The interrupt that Ctrl-C and SIGTERM raise, for the whole process.

use std::sync::LazyLock;

use ktx_system::{Interrupt, Interrupted, Signal};

static INTERRUPT: LazyLock<Interrupt> = LazyLock::new(Interrupt::new);

/// Starts watching for signals. Called once, before anything else runs.
pub fn watch() {
    ktx_system::forward_to(&INTERRUPT);
}

/// The interrupt that the signals raise.
pub fn raised_by_signals() -> &'static Interrupt {
    &INTERRUPT
}

/// The signal that was received, if one was.
pub fn received() -> Option<Signal> {
    INTERRUPT.raised()
}

/// Checked between the steps of work that runs in this process.
pub fn check() -> Result<(), Interrupted> {
    INTERRUPT.check()
}
