//! How a preview, a refusal or a failure of releasing is reported: to people line by line, to pipelines as one document.

use std::collections::BTreeSet;

use ktx_names::Finding;
use ktx_policy::guard::{NextStep, Refused, Tags};
use ktx_policy::readiness::{Gate, GateState, NotReadyKind, ReadinessReport};
use ktx_publish::publication::StagedVersion;
use ktx_publish::{ErrorClass, PublishError};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Prints everything behind an error, and gives it its exit code.
pub fn failure(session: &Session<'_>, error: PublishError) -> anyhow::Error {
    if let Err(error) = session.printer.document(&ErrorDocument::of(&error)) {
        session
            .printer
            .warning(&format!("failed to print the document: {error}"));
    }
    if let PublishError::Refused(refused) = &error {
        for result in &refused.rules {
            session.printer.talk(&result.line());
        }
    }
    print_causes(session, &error);
    let hint = error.hint();
    with_hint(error, hint)
}

/// Everything that blocks a publication, whose document has been printed: each with its reason, and one
/// thing to do next.
pub fn blocked(
    session: &Session<'_>,
    mut blocks: Vec<PublishError>,
    next: Option<&NextStep>,
) -> anyhow::Error {
    for block in &blocks {
        print_causes(session, block);
    }
    let error = match blocks.len() {
        1 => blocks.remove(0),
        _ => PublishError::Blocked(blocks),
    };
    let hint = next.map(NextStep::line).or_else(|| error.hint());
    with_hint(error, hint)
}

fn with_hint(error: PublishError, hint: Option<String>) -> anyhow::Error {
    let failure = Failure::new(exit(&error), error.to_string()).because(error);
    match hint {
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

/// The exit code of a release that is not ready, the same in every command.
pub fn exit_of(kind: NotReadyKind) -> Exit {
    match kind {
        NotReadyKind::Policy => Exit::Refused,
        NotReadyKind::Prerequisite => Exit::Prerequisite,
        NotReadyKind::Integrity => Exit::Integrity,
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
        PublishError::Blocked(errors) => errors.iter().for_each(|error| print_causes(session, error)),
        _ => {}
    }
}

/// Each missing thing on its own line.
fn print_gates(session: &Session<'_>, report: &ReadinessReport) {
    // What was not checked is behind something that is closed, or is all that is missing.
    let is_closed = |gate: &&Gate| matches!(gate.state, GateState::Closed(_));
    let closed: Vec<&Gate> = match report.gates.iter().filter(is_closed).count() {
        0 => report.gates.iter().filter(|gate| !gate.is_open()).collect(),
        _ => report.gates.iter().filter(is_closed).collect(),
    };
    for gate in closed {
        for missing in gate.missing() {
            let message = format!("{missing} [gate-{}]", gate.name.name());
            session.printer.error(&message, None);
        }
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
        session.printer.error(&message, None);
    }
}

/// An error as pipelines get it.
#[derive(Serialize)]
pub struct ErrorDocument<'a> {
    error: String,
    exit: u8,
    hint: Option<String>,
    #[serde(skip_serializing_if = "<[Finding]>::is_empty")]
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readiness: Option<&'a ReadinessReport>,
}

impl<'a> ErrorDocument<'a> {
    pub fn of(error: &'a PublishError) -> Self {
        let mut document = Self {
            error: error.to_string(),
            exit: exit(error) as u8,
            hint: error.hint(),
            findings: &[],
            refused: None,
            readiness: None,
        };
        match error {
            PublishError::Policy(findings) | PublishError::Preflight(findings) => {
                document.findings = findings;
            }
            PublishError::Refused(refused) => document.refused = Some(refused),
            PublishError::NotReady(report) => document.readiness = Some(report),
            _ => {}
        }
        document
    }
}

/// The tags before and after, as a table; a question mark means that it cannot be said.
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

/// What the user does with a staged version: first look at what the registry keeps, then decide.
pub fn print_choice(session: &Session<'_>, version: &StagedVersion) {
    let StagedVersion {
        id, approve, reject, ..
    } = version;
    let printer = session.printer;
    printer.data(&format!(
        "to test what the registry keeps: cargo xtask smoke --staged {id}"
    ));
    printer.data(&format!("to approve, with your 2FA code: {approve}"));
    printer.data(&format!("to throw it away: {reject}"));
}

/// What the user should know.
pub fn print_notes(session: &Session<'_>, notes: &[String]) {
    for note in notes {
        session.printer.data(&format!("note: {note}"));
    }
}
