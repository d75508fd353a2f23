//! What an installation or a start is doing: a spinner with the step, the time and uv's last word on a terminal; elsewhere
//! nothing but that it waits for another process.

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use ktx_runtime::{Event, Observer, Step};

use crate::printer::Printer;
use crate::spinner::spinner;

/// Observes a runtime.
pub struct RuntimeProgress {
    printer: Printer,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    spinner: Option<ProgressBar>,
    step: Option<Step>,
}

impl RuntimeProgress {
    /// Shows nothing before the first step.
    pub fn new(printer: Printer) -> Self {
        Self {
            printer,
            line: Mutex::default(),
        }
    }

    fn show(&self, line: &mut Line, message: String) {
        let spinner = line
            .spinner
            .get_or_insert_with(|| spinner("{spinner} {elapsed} {wide_msg}"));
        spinner.set_message(message);
    }
}

impl Observer for RuntimeProgress {
    fn observe(&self, event: &Event<'_>) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let visible = self.printer.stderr_is_terminal();
        match event {
            Event::Step(step) if visible => {
                line.step = Some(*step);
                self.show(&mut line, step.description().to_owned());
            }
            Event::Output(said) if visible => {
                let step = line.step.map_or("", Step::description);
                self.show(&mut line, format!("{step}: {said}"));
            }
            Event::Waiting { lock, holder } => {
                let message = format!("waiting for {holder}, which holds `{}`", lock.display());
                match &line.spinner {
                    Some(spinner) => spinner.suspend(|| self.printer.talk(&message)),
                    None => self.printer.talk(&message),
                }
            }
            Event::Finished => {
                // What follows stands on a clean line.
                if let Some(spinner) = line.spinner.take() {
                    spinner.finish_and_clear();
                }
            }
            Event::Step(_) | Event::Output(_) => {}
        }
    }
}
