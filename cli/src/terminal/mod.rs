//! Questions, messages and progress on the terminal. There is one spinner, and none while a question is asked.
//!
//! Without a terminal there is no spinner; only waiting for another process is reported.

mod prompt;
mod spinner;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use indicatif::ProgressBar;
use ktx_app::Desk;
use ktx_runtime::{Consent, Dialogue, Event, Interrupt, Observer, Signal, Step};

use self::spinner::spinner;
use crate::printer::Printer;

/// A spinner for shorter work would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often running work checks whether the terminal is free for its spinner again.
const TICK: Duration = Duration::from_millis(200);

/// Asks on the terminal and reports on stderr.
#[derive(Clone)]
pub struct Terminal {
    printer: Printer,
    interrupt: Interrupt,
    debug: bool,
    line: Arc<Mutex<Line>>,
}

/// The spinner.
#[derive(Default)]
struct Line {
    spinner: Option<ProgressBar>,
    step: Option<Step>,
}

impl Terminal {
    pub fn new(printer: Printer, interrupt: Interrupt, debug: bool) -> Self {
        Self {
            printer,
            interrupt,
            debug,
            line: Arc::default(),
        }
    }

    /// Does the work; after a second a spinner shows what it is.
    pub fn during<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if !self.printer.stderr_is_terminal() {
            return work();
        }
        let (done, waiting) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut patience = PATIENCE;
                while waiting.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                    patience = TICK;
                    let mut line = self.locked();
                    if line.spinner.is_none() {
                        line.show(what.to_owned());
                    }
                }
                self.locked().clear();
            });
            let result = work();
            drop(done);
            result
        })
    }

    /// Asks for a line of text; None without a terminal, and when the user does not answer.
    pub fn ask_line(&self, question: &str) -> Option<String> {
        if !self.printer.is_interactive() {
            return None;
        }
        self.locked().clear();
        let answer = prompt::line(question);
        if answer.is_none() {
            self.interrupt.raise(Signal::Interrupt);
        }
        answer
    }

    fn locked(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn show(&mut self, message: String) {
        let spinner = self
            .spinner
            .get_or_insert_with(|| spinner("{spinner} {elapsed} {wide_msg}"));
        spinner.set_message(message);
    }

    fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

impl Dialogue for Terminal {
    fn is_interactive(&self) -> bool {
        self.printer.is_interactive()
    }

    fn ask(&self, question: &str) -> Consent {
        // Held until the answer is there, so that no spinner starts beside the question.
        let mut line = self.locked();
        line.clear();
        let answer = prompt::confirm(question);
        if answer == Consent::Cancelled {
            // The terminal reads Ctrl-C as a key while it asks.
            self.interrupt.raise(Signal::Interrupt);
        }
        answer
    }

    fn say(&self, text: &str) {
        match &self.locked().spinner {
            Some(spinner) => spinner.suspend(|| self.printer.diagnostic(text)),
            None => self.printer.diagnostic(text),
        }
    }
}

impl Observer for Terminal {
    fn observe(&self, event: &Event<'_>) {
        let visible = self.printer.stderr_is_terminal();
        match event {
            Event::Step(step) if visible => {
                let mut line = self.locked();
                line.step = Some(*step);
                line.show(step.description().to_owned());
            }
            Event::Output(output) if visible => {
                let mut line = self.locked();
                let step = line.step.map_or("", Step::description);
                line.show(format!("{step}: {output}"));
            }
            Event::Waiting { lock, holder } => {
                self.say(&format!("waiting for {holder}, which holds `{}`", lock.display()));
            }
            // What follows begins on a clean line.
            Event::Finished => {
                let mut line = self.locked();
                line.step = None;
                line.clear();
            }
            Event::Step(_) | Event::Output(_) => {}
        }
    }
}

impl Desk for Terminal {
    fn debug(&self, text: &str) {
        if self.debug {
            self.say(&format!("[debug] {text}"));
        }
    }

    fn progress(&self, step: &str) {
        if let Some(spinner) = &self.locked().spinner {
            spinner.set_message(step.to_owned());
        }
    }
}
