//! The outcome as JUnit XML, in the dialect that test dashboards read.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::observer::ScenarioResult;
use crate::run::{Played, SmokeRun};

/// One suite, one case for each scenario.
pub fn junit(outcome: &SmokeRun) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("smoke");
    suite.add_test_cases(outcome.played.iter().map(case));
    let mut report = Report::new("ktx smoke");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(played: &Played) -> TestCase {
    let status = match &played.verdict {
        ScenarioResult::Passed => TestCaseStatus::success(),
        ScenarioResult::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        ScenarioResult::Failed(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(failure.code.as_str())
                .set_message(failure.message.as_str())
                .set_description(failure.shown.as_str());
            status
        }
    };
    let mut case = TestCase::new(played.scenario.name, status);
    case.set_classname("smoke").set_time(played.elapsed);
    case
}
