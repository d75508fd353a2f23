//! A smoke as a person sees it while it runs: what is under way, and a line for each scenario that ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ktx_smoke::{Observer, ScenarioResult};

use crate::printer::{Printer, Step};

pub struct View<'p> {
    printer: &'p Printer,
    board: Arc<Mutex<Board>>,
    step: Step<'p>,
}

/// What is under way, for the lines behind the spinner.
#[derive(Default)]
struct Board {
    ended: usize,
    all: usize,
    preparing: Option<String>,
    running: BTreeMap<String, Running>,
}

struct Running {
    step: String,
    since: Instant,
}

impl<'p> View<'p> {
    /// A view of a run with this number of scenarios.
    pub fn new(printer: &'p Printer, scenarios: usize) -> Self {
        let board = Arc::new(Mutex::new(Board {
            all: scenarios,
            ..Board::default()
        }));
        let shown = Arc::clone(&board);
        View {
            printer,
            board,
            step: printer.live_step("smoke", move || locked(&shown).text(Instant::now())),
        }
    }

    /// Ends the live part.
    pub fn close(self) {
        self.step.dismiss();
    }

    fn set(&self, scenario: &str, step: &str) {
        let now = Running {
            step: step.to_owned(),
            since: Instant::now(),
        };
        locked(&self.board).running.insert(scenario.to_owned(), now);
    }
}

fn locked(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn text(&self, now: Instant) -> String {
        let mut text = match &self.preparing {
            Some(what) => format!("  {what}"),
            None => format!("  {} of {}", self.ended, self.all),
        };
        for (scenario, running) in &self.running {
            let seconds = now.duration_since(running.since).as_secs();
            text.push_str(&format!("\n    {scenario} › {}  {seconds} s", running.step));
        }
        text
    }
}

impl Observer for View<'_> {
    fn preparing(&self, what: &str) {
        locked(&self.board).preparing = Some(what.to_owned());
    }

    fn scenario_begins(&self, scenario: &str) {
        locked(&self.board).preparing = None;
        self.set(scenario, "begins");
    }

    fn step_begins(&self, scenario: &str, step: &str, line: &str) {
        self.printer.verbose(&format!("[{scenario}] $ {line}"));
        self.set(scenario, step);
    }

    fn step_ends(&self, scenario: &str, step: &str, elapsed: Duration) {
        self.printer
            .verbose(&format!("[{scenario}] {step} {:.2} s", elapsed.as_secs_f64()));
    }

    fn remark(&self, scenario: &str, line: &str) {
        self.printer.talk(&format!("[{scenario}] {line}"));
    }

    fn scenario_ends(&self, scenario: &str, verdict: &ScenarioResult, elapsed: Duration) {
        let mut board = locked(&self.board);
        board.running.remove(scenario);
        board.ended += 1;
        drop(board);
        match verdict {
            ScenarioResult::Passed => self.printer.passed(scenario, elapsed, ""),
            ScenarioResult::Failed(failure) => self.printer.failed(scenario, elapsed, &failure.code),
            ScenarioResult::Skipped(reason) => self.printer.skipped(scenario, elapsed, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_takes_long_is_seen_to_take_long() {
        let since = Instant::now();
        let mut board = Board {
            all: 3,
            preparing: Some("cache".to_owned()),
            ..Board::default()
        };
        assert_eq!(board.text(since), "  cache");
        board.preparing = None;
        board.ended = 1;
        for (scenario, step) in [("offline", "query"), ("mcp", "install")] {
            let step = step.to_owned();
            board.running.insert(scenario.to_owned(), Running { step, since });
        }
        assert_eq!(
            board.text(since + Duration::from_millis(12_900)),
            "  1 of 3\n    mcp › install  12 s\n    offline › query  12 s"
        );
    }
}
