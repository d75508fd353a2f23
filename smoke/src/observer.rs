//! The events of a run. The observer decides what to show.

use std::time::Duration;

use crate::failure::StepFailure;

/// The outcome of a scenario.
#[derive(Clone, Debug)]
pub enum ScenarioResult {
    Passed,
    Failed(Box<StepFailure>),
    Skipped(String),
}

/// Called from several threads at once.
pub trait Observer: Sync {
    /// Work before the first scenario, such as filling the cache.
    fn preparing(&self, what: &str);
    fn scenario_begins(&self, scenario: &str);
    fn step_begins(&self, scenario: &str, step: &str, line: &str);
    fn step_ends(&self, scenario: &str, step: &str, elapsed: Duration);
    /// Progress for a waiting user.
    fn remark(&self, scenario: &str, line: &str);
    fn scenario_ends(&self, scenario: &str, verdict: &ScenarioResult, elapsed: Duration);
}

/// Shows nothing.
pub struct Silent;

impl Observer for Silent {
    fn preparing(&self, _: &str) {}
    fn scenario_begins(&self, _: &str) {}
    fn step_begins(&self, _: &str, _: &str, _: &str) {}
    fn step_ends(&self, _: &str, _: &str, _: Duration) {}
    fn remark(&self, _: &str, _: &str) {}
    fn scenario_ends(&self, _: &str, _: &ScenarioResult, _: Duration) {}
}
