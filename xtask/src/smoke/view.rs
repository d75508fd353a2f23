//! A smoke as a person sees it while it runs: what is under way, and a line for each scenario that ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ktx_smoke::{Observer, Scenario, Verdict};

use crate::printer::{Printer, Step};

pub struct View<'p> {
    printer: &'p Printer,
    running: Mutex<BTreeMap<String, Running>>,
    step: Step<'p>,
}

struct Running {
    step: String,
    since: Instant,
}

impl<'p> View<'p> {
    pub fn new(printer: &'p Printer) -> Self {
        View {
            printer,
            running: Mutex::default(),
            step: printer.step("smoke"),
        }
    }

    /// Ends the live part.
    pub fn close(self) {
        self.step.dismiss();
    }

    fn show(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let parts: Vec<_> = running
            .iter()
            .map(|(scenario, now)| format!("{scenario} › {} {:.0?}", now.step, rounded(now.since.elapsed())))
            .collect();
        self.step.says(&parts.join("   "));
    }

    fn set(&self, scenario: &str, step: Option<&str>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Some(step) => {
                let since = Instant::now();
                running.insert(
                    scenario.to_owned(),
                    Running {
                        step: step.to_owned(),
                        since,
                    },
                );
            }
            None => drop(running.remove(scenario)),
        }
        drop(running);
        self.show();
    }
}

fn rounded(elapsed: Duration) -> Duration {
    Duration::from_secs(elapsed.as_secs())
}

impl Observer for View<'_> {
    fn preparing(&self, what: &str) {
        self.step.says(what);
    }

    fn scenario_begins(&self, scenario: &Scenario) {
        self.set(scenario.name, Some("begins"));
    }

    fn step_begins(&self, scenario: &str, step: &str, line: &str) {
        self.printer.verbose(&format!("[{scenario}] $ {line}"));
        self.set(scenario, Some(step));
    }

    fn step_ends(&self, scenario: &str, step: &str, elapsed: Duration) {
        self.printer
            .verbose(&format!("[{scenario}] {step} {:.2} s", elapsed.as_secs_f64()));
    }

    fn remark(&self, scenario: &str, line: &str) {
        self.printer.talk(&format!("[{scenario}] {line}"));
    }

    fn scenario_ends(&self, scenario: &Scenario, verdict: &Verdict, elapsed: Duration) {
        self.set(scenario.name, None);
        let outcome = match verdict {
            Verdict::Passed => String::new(),
            Verdict::Failed(failure) => failure.code.clone(),
            Verdict::Skipped(reason) => format!("skipped: {reason}"),
        };
        match verdict {
            Verdict::Failed(_) => self.printer.failed(scenario.name, elapsed, &outcome),
            Verdict::Passed | Verdict::Skipped(_) => self.printer.passed(scenario.name, elapsed, &outcome),
        }
    }
}
