//! The person at the terminal, as the runtime library asks and tells them.

use dialoguer::Confirm;
use dialoguer::theme::SimpleTheme;
use ktx_runtime::{Consent, Dialogue, Interrupt, Signal};

use crate::printer::Printer;

/// Asks on the terminal and talks on stderr.
#[derive(Clone, Debug)]
pub struct TerminalDialogue {
    printer: Printer,
    interrupt: Interrupt,
}

impl TerminalDialogue {
    pub fn new(printer: Printer, interrupt: Interrupt) -> Self {
        Self { printer, interrupt }
    }
}

impl Dialogue for TerminalDialogue {
    fn is_interactive(&self) -> bool {
        self.printer.is_interactive()
    }

    fn ask(&self, question: &str) -> Consent {
        match Confirm::with_theme(&SimpleTheme)
            .with_prompt(question)
            .default(true)
            .interact_opt()
        {
            Ok(Some(true)) => Consent::Given,
            Ok(Some(false)) => Consent::Declined,
            Ok(None) => Consent::Cancelled,
            // The terminal reads Ctrl-C as a key while it asks.
            Err(_) => {
                self.interrupt.raise(Signal::Interrupt);
                Consent::Cancelled
            }
        }
    }

    fn say(&self, line: &str) {
        self.printer.talk(line);
    }
}
