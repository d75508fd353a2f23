//! A terminal whose keys are read one by one.

use std::io::stdin;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// While it lives, keys wait until they are read and are not echoed, and Ctrl-C is one of them. Then the terminal is as it
/// was.
pub struct KeyByKey(Termios);

impl KeyByKey {
    /// Nothing where stdin is no terminal.
    pub fn on_stdin() -> Option<KeyByKey> {
        let before = tcgetattr(stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        raw.output_modes = before.output_modes;
        tcsetattr(stdin(), OptionalActions::Drain, &raw).ok()?;
        Some(KeyByKey(before))
    }
}

impl Drop for KeyByKey {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &self.0);
    }
}
