//! A step of a scenario: a command, and what it is expected to do.
//!
//! Reads like a transcript. All expectations that are not met are reported, not the first.

mod difference;
mod expectation;

use std::time::Duration;

use serde_json::Value;

use crate::failure::{StepFailure, Stop};
use crate::sandbox::{Ended, Invocation, ProcessOutput, Running};
use crate::stage::Stage;
pub use expectation::{Expectation, Text};

/// A step that is being described; `check` carries it out.
#[must_use = "a step is carried out by `check`"]
pub struct Step<'s> {
    stage: &'s Stage<'s>,
    id: &'static str,
    invocation: Invocation,
    expectations: Vec<Expectation>,
}

impl Stage<'_> {
    /// Begins to describe a step. The id is the first half of its stable codes.
    pub fn step(&self, id: &'static str, invocation: Invocation) -> Step<'_> {
        Step {
            stage: self,
            id,
            invocation,
            expectations: Vec::new(),
        }
    }
}

impl Step<'_> {
    /// More words of the command.
    pub fn args(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.invocation = self.invocation.args(words);
        self
    }

    /// One more word of the command.
    pub fn arg(self, word: impl Into<String>) -> Self {
        self.args([word])
    }

    pub fn exits(self, code: i32) -> Self {
        self.expect(Expectation::Ends(Ended::Exit(code)))
    }

    pub fn stdout_is(self, text: impl Into<String>) -> Self {
        self.expect(Expectation::Stdout(Text::Is(text.into())))
    }

    pub fn stdout_has(self, part: impl Into<String>) -> Self {
        self.expect(Expectation::Stdout(Text::Has(part.into())))
    }

    pub fn stdout_lacks(self, part: impl Into<String>) -> Self {
        self.expect(Expectation::Stdout(Text::Lacks(part.into())))
    }

    pub fn stdout_empty(self) -> Self {
        self.stdout_is("")
    }

    pub fn stderr_is(self, text: impl Into<String>) -> Self {
        self.expect(Expectation::Stderr(Text::Is(text.into())))
    }

    pub fn stderr_has(self, part: impl Into<String>) -> Self {
        self.expect(Expectation::Stderr(Text::Has(part.into())))
    }

    pub fn stderr_empty(self) -> Self {
        self.stderr_is("")
    }

    /// The value at a JSON pointer (RFC 6901) of stdout, which is one JSON document.
    pub fn json(self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.expect(Expectation::Json {
            pointer: pointer.into(),
            value: value.into(),
        })
    }

    /// At most this long, measured from outside.
    pub fn within(self, time: Duration) -> Self {
        self.expect(Expectation::Within(time))
    }

    pub fn expect(mut self, expectation: Expectation) -> Self {
        self.expectations.push(expectation);
        self
    }

    /// Runs the command and compares; a command without an expectation of its end has to exit 0.
    pub fn check(self) -> Result<ProcessOutput, Stop> {
        self.carry_out(|stage, invocation| stage.sandbox.run(invocation, stage.interrupted))
    }

    /// Starts the command, lets `meanwhile` do something to it, then waits for its end and compares.
    pub fn check_while(
        self,
        meanwhile: impl FnOnce(&Running) -> Result<(), Stop>,
    ) -> Result<ProcessOutput, Stop> {
        let mut trouble = Ok(());
        let said = self.carry_out(|stage, invocation| {
            let running = stage.sandbox.start(invocation)?;
            trouble = meanwhile(&running);
            let patience = if trouble.is_ok() {
                invocation.deadline()
            } else {
                Duration::ZERO
            };
            Ok(running.finish(patience, stage.sandbox.family(), stage.interrupted))
        });
        trouble.and(said)
    }

    fn carry_out(
        mut self,
        run: impl FnOnce(&Stage<'_>, &Invocation) -> std::io::Result<ProcessOutput>,
    ) -> Result<ProcessOutput, Stop> {
        if !self
            .expectations
            .iter()
            .any(|one| matches!(one, Expectation::Ends(_)))
        {
            self.expectations.insert(0, Expectation::Ends(Ended::Exit(0)));
        }
        self.stage.begin(self.id, &self.invocation.line());
        let said = run(self.stage, &self.invocation).map_err(|error| self.not_started(&error))?;
        self.stage.end(self.id, said.elapsed);
        if said.ended == Ended::Interrupted {
            return Err(Stop::Interrupted);
        }
        let unmet: Vec<_> = self
            .expectations
            .iter()
            .filter_map(|one| one.unmet_by(&said).map(|shown| (one.aspect(), shown)))
            .collect();
        match unmet.first() {
            None => Ok(said),
            Some((aspect, _)) => {
                let code = format!("{}.{aspect}", self.id);
                let findings = unmet.iter().map(|(_, shown)| shown.as_str()).collect::<Vec<_>>();
                let shown = format!("{}\n{}", findings.join("\n"), transcript(&self.invocation, &said));
                Err(Stop::Failed(Box::new(StepFailure::new(
                    code,
                    findings[0].lines().next().unwrap_or_default(),
                    shown,
                ))))
            }
        }
    }

    fn not_started(&self, error: &std::io::Error) -> Stop {
        Stop::failed(
            format!("{}.start", self.id),
            format!("failed to start `{}`: {error}", self.invocation.line()),
        )
    }
}

/// What was typed and what came back.
fn transcript(invocation: &Invocation, said: &ProcessOutput) -> String {
    let mut text = format!("$ {}\n{}", invocation.line(), expectation::told(said.ended));
    for (name, stream) in [("stdout", &said.stdout), ("stderr", &said.stderr)] {
        text.push_str(&format!("\n--- {name}\n{}", difference::shortened(stream)));
    }
    text
}
