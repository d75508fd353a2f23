//! How a plan, a refusal or a failure of releasing is told: to people line by line, to pipelines as one document.

use std::collections::BTreeSet;

use ktx_names::Finding;
use ktx_policy::guard::{Refused, Tags};
use ktx_policy::readiness::{Gate, ReadinessReport};
use ktx_publish::{ErrorClass, PublishError};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Prints everything behind an error, and gives it its exit code.
pub fn failure(session: &Session<'_>, error: PublishError) -> anyhow::Error {
    if let Err(error) = session.printer.document(&told(&error)) {
        session
            .printer
            .warning(&format!("failed to print the document: {error}"));
    }
    if let PublishError::Refused(refused) = &error {
        for rule in &refused.unchecked {
            session.printer.talk(&format!("not checked: {}", rule.words()));
        }
    }
    blocked(session, error)
}

/// The same, where the document has been printed already.
pub fn blocked(session: &Session<'_>, error: PublishError) -> anyhow::Error {
    print_causes(session, &error);
    let failure = Failure::new(exit(&error), error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}

fn exit(error: &PublishError) -> Exit {
    match error.class() {
        ErrorClass::Failed => Exit::Failed,
        ErrorClass::Usage => Exit::Usage,
        ErrorClass::Refused => Exit::Refused,
        ErrorClass::Prerequisite => Exit::Prerequisite,
        ErrorClass::Registry => Exit::Network,
        ErrorClass::Integrity => Exit::Integrity,
    }
}

/// What the error's own sentence does not say.
fn print_causes(session: &Session<'_>, error: &PublishError) {
    match error {
        PublishError::Policy(findings) | PublishError::Preflight(findings) => {
            print_findings(session, findings)
        }
        PublishError::NotReady(report) => print_gates(session, report),
        PublishError::Refused(refused) => print_refusals(session, refused),
        PublishError::Blocked(errors) => {
            for error in errors {
                print_causes(session, error);
                // Its sentence comes in the last line, and its way out only here.
                if let Some(hint) = error.hint() {
                    session.printer.error(&error.to_string(), Some(&hint));
                }
            }
        }
        // The last line says only that a signal came.
        PublishError::Interrupted => session.printer.talk(&error.to_string()),
        _ => {}
    }
}

/// Gates that are shut for the same reason are told once, with what mends the first of them.
fn print_gates(session: &Session<'_>, report: &ReadinessReport) {
    let shut: Vec<&Gate> = report.gates.iter().filter(|gate| !gate.open).collect();
    for gates in shut.chunk_by(|one, next| one.missing == next.missing) {
        let codes: Vec<String> = gates
            .iter()
            .map(|gate| format!("gate-{}", gate.name.name()))
            .collect();
        let message = format!("{} [{}]", gates[0].missing.join("; "), codes.join(", "));
        let command = gates[0].command.as_deref().unwrap_or_default();
        let hint = advised(gates[0].first.as_deref(), command);
        session.printer.error(&message, Some(&hint));
    }
}

/// A command, after what a person has to know or do before it.
fn advised(advice: Option<&str>, command: &str) -> String {
    match advice {
        Some(advice) => format!("{advice}: {command}"),
        None => command.to_owned(),
    }
}

fn print_findings(session: &Session<'_>, findings: &[Finding]) {
    for finding in findings {
        let place = finding
            .place
            .as_ref()
            .map(|place| format!("release-policy.json:{} {}: ", place.line, place.path));
        let message = format!(
            "{}{} [{}]",
            place.unwrap_or_default(),
            finding.message,
            finding.code
        );
        session.printer.error(&message, finding.hint.as_deref());
    }
}

fn print_refusals(session: &Session<'_>, refused: &Refused) {
    for refusal in &refused.refusals {
        let message = format!("{} [{}]", refusal.reason, refusal.code.name());
        let hint = advised(refusal.advice, &refusal.command);
        session.printer.error(&message, Some(&hint));
    }
}

/// An error as pipelines get it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told<'a> {
    error: String,
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "<[Finding]>::is_empty")]
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readiness: Option<&'a ReadinessReport>,
}

/// The error for a document.
pub fn told(error: &PublishError) -> Told<'_> {
    let mut told = Told {
        error: error.to_string(),
        exit: exit(error) as u8,
        hint: error.hint(),
        findings: &[],
        refused: None,
        readiness: None,
    };
    match error {
        PublishError::Policy(findings) | PublishError::Preflight(findings) => told.findings = findings,
        PublishError::Refused(refused) => told.refused = Some(refused),
        PublishError::NotReady(report) => told.readiness = Some(report),
        _ => {}
    }
    told
}

/// The tags before and after, as a table; a question mark stands for what cannot be said.
pub fn print_tags(session: &Session<'_>, before: Option<&Tags>, after: Option<&Tags>) {
    let printer = session.printer;
    let names: BTreeSet<&String> = before.into_iter().chain(after).flat_map(Tags::keys).collect();
    let cell = |tags: Option<&Tags>, name: &str| match tags {
        None => "?".to_owned(),
        Some(tags) => tags.get(name).cloned().unwrap_or_else(|| "-".to_owned()),
    };
    let rows: Vec<[String; 3]> = names
        .into_iter()
        .map(|name| [name.clone(), cell(before, name), cell(after, name)])
        .collect();
    let width = |column: usize, heading: &str| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.max().unwrap_or_default().max(heading.len())
    };
    let (first, second) = (width(0, "tag"), width(1, "before"));
    if before.is_none() || rows.is_empty() {
        let known = if before.is_none() { "not known" } else { "none" };
        printer.data(&format!("tags: {known}"));
        return;
    }
    printer.data(&format!("{:first$}  {:second$}  after", "tag", "before"));
    for [name, before, after] in &rows {
        printer.data(&format!("{name:first$}  {before:second$}  {after}"));
    }
}

/// What was looked at.
pub fn print_checked(session: &Session<'_>, checked: impl IntoIterator<Item = impl AsRef<str>>) {
    for checked in checked {
        session.printer.data(&format!("checked: {}", checked.as_ref()));
    }
}

/// What a person should know.
pub fn print_notes(session: &Session<'_>, notes: &[String]) {
    for note in notes {
        session.printer.data(&format!("note: {note}"));
    }
}
