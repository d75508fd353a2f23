//! What the edge lends to the work: its environment, its ear for signals, and a voice.

use std::collections::BTreeMap;

use ktx_system::Interrupt;

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// The edge as the work sees it.
pub trait Desk {
    /// Says what is going on, for a person who waits.
    fn talk(&self, line: &str);

    /// Raised when the work is asked to stop.
    fn interrupt(&self) -> &Interrupt;

    /// Whether the work was asked to stop.
    fn interrupted(&self) -> bool {
        self.interrupt().raised().is_some()
    }
}
