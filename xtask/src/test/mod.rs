//! `cargo xtask test`: every test suite of the repository, with what each needs provided first.

mod cross;
mod launcher;
mod needs;
mod payload;
pub mod reproducible;
mod rust;

use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::{self, Exit, Failure};
use crate::session::Session;

/// Run every test suite: Rust, Python, launcher, and the checks for other platforms
#[derive(Args)]
pub struct TestArgs {
    /// Fail when something is missing, instead of skipping what needs it
    #[arg(long)]
    no_skip: bool,
    /// Run only this suite; may be given several times
    #[arg(long, value_name = "NAME")]
    suite: Vec<Suite>,
}

/// A suite, in the order in which they run: what fails fast comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// rustfmt and clippy, warnings denied; sources, licences and duplicates of what is locked
    Lint,
    /// ruff, mypy and pytest over python/
    Payload,
    /// node --test over npm/, on this machine's Node.js and on 18, 20, 22 and 24
    Launcher,
    /// cargo test over the workspace
    Rust,
    /// ktx compiles and links for Windows and macOS, without warnings
    Cross,
    /// the program is the same bytes from another folder
    Reproducible,
}

impl TestArgs {
    /// The suites that `wanted` names, with nothing skipped.
    pub fn of(wanted: impl Fn(Suite) -> bool) -> Self {
        let suites = Suite::value_variants().iter().copied();
        TestArgs {
            no_skip: true,
            suite: suites.filter(|suite| wanted(*suite)).collect(),
        }
    }
}

/// Whether a missing prerequisite skips tests or fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Skip,
    Fail,
}

impl Missing {
    /// What the suites themselves are told; each leaves out less when the variable is set.
    fn variables(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        (self == Missing::Fail)
            .then_some(("KTX_TEST_NO_SKIP", "1"))
            .into_iter()
    }
}

pub fn run(arguments: TestArgs, session: &Session<'_>) -> Result<()> {
    let missing = if arguments.no_skip {
        Missing::Fail
    } else {
        Missing::Skip
    };
    let unmet = needs::unmet();
    for need in &unmet {
        session
            .printer
            .warning(&format!("skipped: {}; {}", need.tests, need.fix));
    }
    if let (Missing::Fail, Some(need)) = (missing, unmet.first()) {
        return Err(Failure::new(
            Exit::Prerequisite,
            format!("failed to find what {} need", need.tests),
        )
        .hint(need.fix)
        .into());
    }
    let suites = Suite::value_variants().iter().copied();
    let chosen = suites.filter(|suite| arguments.suite.is_empty() || arguments.suite.contains(suite));
    let mut outcomes = Vec::new();
    for suite in chosen {
        let started = Instant::now();
        session.printer.talk(&format!("--- {}", suite.name()));
        let result = match suite {
            Suite::Lint => rust::lint(session),
            Suite::Payload => payload::run(session, missing),
            Suite::Launcher => launcher::run(session, missing),
            Suite::Rust => rust::run(session, missing),
            Suite::Cross => cross::run(session),
            Suite::Reproducible => reproducible::run(session),
        };
        crate::interrupt::check()?;
        if let Err(error) = &result {
            exit::tell(session.printer, error);
        }
        outcomes.push(SuiteOutcome {
            suite,
            passed: result.is_ok(),
            failure: result.err().map(|error| exit::code(&error)),
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    report(session, &outcomes, unmet.len())
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Suite::Lint => "lint",
            Suite::Payload => "payload",
            Suite::Launcher => "launcher",
            Suite::Rust => "rust",
            Suite::Cross => "cross",
            Suite::Reproducible => "reproducible",
        }
    }
}

#[derive(Serialize)]
struct SuiteOutcome {
    suite: Suite,
    passed: bool,
    #[serde(skip)]
    failure: Option<Exit>,
    seconds: f64,
}

fn report(session: &Session<'_>, outcomes: &[SuiteOutcome], skipped: usize) -> Result<()> {
    session.printer.document(&outcomes)?;
    for outcome in outcomes {
        let verdict = if outcome.passed { "passed" } else { "FAILED" };
        session.printer.data(&format!(
            "{:<13} {verdict}  {:>7.1} s",
            outcome.suite.name(),
            outcome.seconds
        ));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let passed = outcomes.len() - failed;
    session.printer.data(&format!(
        "suites: {passed} passed, {failed} failed, {skipped} skipped"
    ));
    if failed == 0 {
        return Ok(());
    }
    let mut failures = outcomes.iter().filter_map(|outcome| outcome.failure);
    let exit = if failures.all(|exit| exit == Exit::Prerequisite) {
        Exit::Prerequisite
    } else {
        Exit::Failed
    };
    Err(
        Failure::new(exit, format!("{failed} of {} test suites failed", outcomes.len()))
            .hint("run one again with: cargo xtask test --suite NAME")
            .into(),
    )
}
