//! The part of the page about the tests: scenarios by platform, with their times.

use ktx_manifest::smoke_report::{ScenarioOutcome, ScenarioReport, SmokeReport};
use ktx_names::Platform;
use maud::{Markup, html};

use super::scrolling;
use crate::facts::Release;
use crate::notes::proof;

/// A scenario on a platform.
pub(super) struct Cell {
    pub class: &'static str,
    pub text: String,
}

impl Release {
    pub(super) fn smoke_section(&self) -> Markup {
        html! {
            section aria-labelledby="proof" {
                h2 #proof { "Proof" }
                @if self.smoke.is_empty() {
                    p { "There is no smoke report about these bytes." }
                } @else {
                    ul { @for (platform, report) in &self.smoke { li { (platform) ": " (proof(report)) } } }
                    (scrolling("Smoke scenarios by platform", self.matrix()))
                    (self.failures())
                }
            }
        }
    }

    fn matrix(&self) -> Markup {
        let platforms = self.columns();
        html! {
            table {
                thead { tr {
                    th scope="col" { "scenario" }
                    @for platform in &platforms { th.number scope="col" { (platform) } }
                } }
                tbody { @for name in self.scenarios() {
                    tr {
                        th scope="row" { (name) }
                        @for platform in &platforms {
                            @let cell = cell(self.smoke.get(platform), name);
                            td.number { span class=(cell.class) { (cell.text) } }
                        }
                    }
                } }
            }
        }
    }

    fn failures(&self) -> Markup {
        let failed = self.smoke.iter().flat_map(|(platform, report)| {
            let failed = report
                .scenarios
                .iter()
                .filter_map(|scenario| match &scenario.outcome {
                    ScenarioOutcome::Failed { code, message } => {
                        Some((scenario.name.as_str(), code, message))
                    }
                    _ => None,
                });
            failed.map(|(name, code, message)| (*platform, name, code.as_str(), message.as_str()))
        });
        html! { ul { @for (platform, name, code, message) in failed {
            li { span.bad { (platform) " " (name) " [" (code) "]" } ": " (message) }
        } } }
    }

    /// Platforms that the release needs, then others with a report.
    pub(super) fn columns(&self) -> Vec<Platform> {
        let needed = self.policy.platforms.iter().copied();
        let others = self
            .smoke
            .keys()
            .copied()
            .filter(|platform| !self.policy.platforms.contains(platform));
        needed.chain(others).collect()
    }

    /// Every scenario that some report has, in the order of the reports.
    pub(super) fn scenarios(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for scenario in self.smoke.values().flat_map(|report| &report.scenarios) {
            if !names.contains(&scenario.name.as_str()) {
                names.push(&scenario.name);
            }
        }
        names
    }
}

pub(super) fn cell(report: Option<&SmokeReport>, name: &str) -> Cell {
    let found = report.and_then(|report| report.scenarios.iter().find(|scenario| scenario.name == name));
    let Some(ScenarioReport { outcome, seconds, .. }) = found else {
        return Cell {
            class: "quiet",
            text: "not run".to_owned(),
        };
    };
    match outcome {
        ScenarioOutcome::Passed {} => Cell {
            class: "good",
            text: format!("passed {seconds:.1} s"),
        },
        ScenarioOutcome::Failed { .. } => Cell {
            class: "bad",
            text: format!("failed {seconds:.1} s"),
        },
        ScenarioOutcome::Skipped { .. } => Cell {
            class: "warn",
            text: "skipped".to_owned(),
        },
    }
}
