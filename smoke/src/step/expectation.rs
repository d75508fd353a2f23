//! The expected behaviour of a command, as a value that can describe a mismatch.

use std::time::Duration;

use serde_json::Value;

use super::difference;
use crate::sandbox::{Ended, ProcessOutput};

#[derive(Clone, Debug)]
pub enum Expectation {
    Ends(Ended),
    Stdout(Text),
    Stderr(Text),
    Json { pointer: String, value: Value },
    Within(Duration),
}

/// What is expected of a text.
#[derive(Clone, Debug)]
pub enum Text {
    Is(String),
    Has(String),
    Lacks(String),
}

impl Expectation {
    /// The part of a command's behaviour that this is about: the second half of a stable code.
    pub fn aspect(&self) -> &'static str {
        match self {
            Expectation::Ends(_) => "exit",
            Expectation::Stdout(_) => "stdout",
            Expectation::Stderr(_) => "stderr",
            Expectation::Json { .. } => "json",
            Expectation::Within(_) => "time",
        }
    }

    /// How the command differs, if it does; the first line is a summary.
    pub fn unmet_by(&self, said: &ProcessOutput) -> Option<String> {
        match self {
            Expectation::Ends(expected) => (said.ended != *expected)
                .then(|| format!("expected {}, got {}", told(*expected), told(said.ended))),
            Expectation::Stdout(text) => text.unmet_by("stdout", &said.stdout),
            Expectation::Stderr(text) => text.unmet_by("stderr", &said.stderr),
            Expectation::Json { pointer, value } => unmet_json(pointer, value, &said.stdout),
            Expectation::Within(time) => (said.elapsed > *time).then(|| {
                format!(
                    "expected an answer within {time:.0?}, got it after {:.1?}",
                    said.elapsed
                )
            }),
        }
    }
}

impl Text {
    fn unmet_by(&self, stream: &str, got: &str) -> Option<String> {
        match self {
            Text::Is(expected) if got != expected => Some(format!(
                "{stream} is not what was expected\n{}",
                difference::between(expected, got)
            )),
            Text::Has(part) if !got.contains(part.as_str()) => Some(format!("{stream} lacks {part:?}")),
            Text::Lacks(part) if got.contains(part.as_str()) => Some(format!("{stream} has {part:?}")),
            _ => None,
        }
    }
}

fn unmet_json(pointer: &str, expected: &Value, stdout: &str) -> Option<String> {
    let document: Value = match serde_json::from_str(stdout) {
        Ok(document) => document,
        Err(error) => return Some(format!("stdout is not one JSON document: {error}")),
    };
    match document.pointer(pointer) {
        Some(got) if got == expected => None,
        Some(got) => Some(format!("`{pointer}` is {got}, expected {expected}")),
        None => Some(format!("`{pointer}` is not there, expected {expected}")),
    }
}

/// An end in words.
pub fn told(ended: Ended) -> String {
    match ended {
        Ended::Exit(code) => format!("exit {code}"),
        Ended::Signal(signal) => format!("signal {signal}"),
        Ended::Deadline(time) => format!("no end within {time:.0?}; the process tree was killed"),
        Ended::PipeHeld => "an end that left a process holding the output open".to_owned(),
        Ended::Interrupted => "an interruption".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stdout: &str, stderr: &str) -> ProcessOutput {
        ProcessOutput {
            ended: Ended::Exit(0),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            elapsed: Duration::from_millis(10),
        }
    }

    #[test]
    fn every_expectation_can_be_met_and_can_fail() {
        let json = |pointer: &str, value: &str| Expectation::Json {
            pointer: pointer.to_owned(),
            value: value.into(),
        };
        let stdout = r#"{"kind":"missing"}"#;
        for (expectation, met) in [
            (Expectation::Ends(Ended::Exit(0)), true),
            (Expectation::Ends(Ended::Exit(1)), false),
            (Expectation::Ends(Ended::Signal(2)), false),
            (Expectation::Stdout(Text::Is(stdout.into())), true),
            (Expectation::Stdout(Text::Is("other".into())), false),
            (Expectation::Stdout(Text::Has("missing".into())), true),
            (Expectation::Stdout(Text::Has("ready".into())), false),
            (Expectation::Stdout(Text::Lacks("ready".into())), true),
            (Expectation::Stdout(Text::Lacks("kind".into())), false),
            (Expectation::Stderr(Text::Is("talk".into())), true),
            (Expectation::Stderr(Text::Is(String::new())), false),
            (json("/kind", "missing"), true),
            (json("/kind", "ready"), false),
            (json("/detail", "missing"), false),
            (Expectation::Within(Duration::from_secs(1)), true),
            (Expectation::Within(Duration::from_millis(1)), false),
        ] {
            assert_eq!(
                expectation.unmet_by(&said(stdout, "talk")).is_none(),
                met,
                "{expectation:?}"
            );
        }
    }

    #[test]
    fn talk_before_the_document_is_not_json() {
        let expectation = Expectation::Json {
            pointer: "/kind".to_owned(),
            value: "missing".into(),
        };
        assert!(
            expectation
                .unmet_by(&said("Installing…\n{\"kind\":\"missing\"}", ""))
                .is_some()
        );
    }
}
