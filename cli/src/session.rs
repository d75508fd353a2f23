//! What every command is given: the streams, the environment, the wish to end, and the root's flags.

use ktx_runtime::{Environment, Interrupt, Runtime};

use crate::arguments::GlobalArguments;
use crate::dialogue::TerminalDialogue;
use crate::printer::Printer;
use crate::runtime_progress::RuntimeProgress;
use crate::signals;
use crate::version::VERSION;

/// Lives as long as the command.
#[derive(Clone, Debug)]
pub struct Session {
    pub printer: Printer,
    pub environment: Environment,
    /// Raised by Ctrl-C and SIGTERM; what loops and waits looks at it.
    pub interrupt: Interrupt,
    pub global: GlobalArguments,
}

impl Session {
    /// Looks at the process once and takes over its signals.
    pub fn new(printer: Printer, global: &GlobalArguments) -> Session {
        let interrupt = Interrupt::new();
        signals::forward_to(&interrupt);
        Session {
            printer,
            environment: Environment::of_this_process(),
            interrupt,
            global: global.clone(),
        }
    }

    /// The managed runtime of this version of the program. Making the handle touches nothing; what it does
    /// later shows on a terminal.
    ///
    /// # Errors
    /// When no place for it can be told.
    pub fn runtime(&self) -> anyhow::Result<Runtime> {
        let runtime = Runtime::new(self.environment.clone(), VERSION, self.interrupt.clone())?;
        Ok(runtime.observed_by(RuntimeProgress::new(self.printer)))
    }

    /// The person at the terminal.
    pub fn dialogue(&self) -> TerminalDialogue {
        TerminalDialogue::new(self.printer, self.interrupt.clone())
    }

    /// A line on stderr, with `--debug` only.
    pub fn debug(&self, text: &str) {
        if self.global.debug {
            self.printer.talk(&format!("[debug] {text}"));
        }
    }
}
