//! What a command gives to the library: its environment, whether it was interrupted, and a place to report progress.

use std::collections::BTreeMap;

use ktx_system::Interrupt;

/// Environment variables by name.
pub type Environment = BTreeMap<String, String>;

/// The command as the work sees it.
pub trait Desk {
    /// Reports progress to the user.
    fn talk(&self, line: &str);

    /// Warns of something that does not stop the work.
    fn warn(&self, line: &str);

    /// Raised when the work is asked to stop.
    fn interrupt(&self) -> &Interrupt;

    /// Whether the work was asked to stop.
    fn interrupted(&self) -> bool {
        self.interrupt().raised().is_some()
    }
}
