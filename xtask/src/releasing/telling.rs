//! How a plan, a refusal or a failure of releasing is told: to people line by line, to pipelines as one document.

use ktx_policy::Finding;
use ktx_policy::guard::{Plan, Refused};
use ktx_policy::readiness::ReadinessReport;
use ktx_publish::{ErrorClass, PublishError};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Prints everything behind an error, and gives it its exit code.
pub fn failure(session: &Session<'_>, error: PublishError) -> anyhow::Error {
    match &error {
        PublishError::Policy(findings) | PublishError::Preflight(findings) => {
            print_findings(session, findings)
        }
        PublishError::NotReady(report) => {
            for line in report.gate_lines() {
                session.printer.talk(&line);
            }
        }
        PublishError::Refused(refused) => print_refusals(session, refused),
        _ => {}
    }
    print_document(session, &error);
    let exit = match error.class() {
        ErrorClass::Failed => Exit::Failed,
        ErrorClass::Usage => Exit::Usage,
        ErrorClass::Refused => Exit::Refused,
        ErrorClass::Prerequisite => Exit::Prerequisite,
        ErrorClass::Registry => Exit::Network,
        ErrorClass::Integrity => Exit::Integrity,
    };
    let failure = Failure::new(exit, error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
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
        session.printer.error(&message, Some(&refusal.remedy));
    }
    for rule in &refused.unchecked {
        session.printer.talk(&format!("not checked: {}", rule.words()));
    }
}

/// The error as one document, for pipelines.
fn print_document(session: &Session<'_>, error: &PublishError) {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        error: String,
        #[serde(skip_serializing_if = "<[Finding]>::is_empty")]
        findings: &'a [Finding],
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<&'a Refused>,
        #[serde(skip_serializing_if = "Option::is_none")]
        readiness: Option<&'a ReadinessReport>,
    }
    let mut document = Document {
        error: error.to_string(),
        findings: &[],
        refused: None,
        readiness: None,
    };
    match error {
        PublishError::Policy(findings) | PublishError::Preflight(findings) => document.findings = findings,
        PublishError::Refused(refused) => document.refused = Some(refused),
        PublishError::NotReady(report) => document.readiness = Some(report),
        _ => {}
    }
    if let Err(error) = session.printer.document(&document) {
        session
            .printer
            .warning(&format!("failed to print the document: {error}"));
    }
}

/// The tags before and after, as a table, and what was looked at.
pub fn print_plan(session: &Session<'_>, plan: &Plan) {
    let printer = session.printer;
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let names = width(&mut plan.tags_after.keys().map(String::len).chain([3]));
    let before = width(&mut plan.tags_before.values().map(String::len).chain([6]));
    printer.data(&format!("{:names$}  {:before$}  after", "tag", "before"));
    for (tag, after) in &plan.tags_after {
        let current = plan.tags_before.get(tag).map_or("-", String::as_str);
        printer.data(&format!("{tag:names$}  {current:before$}  {after}"));
    }
    for rule in &plan.checked {
        printer.data(&format!("checked: {}", rule.words()));
    }
    for note in &plan.notes {
        printer.data(&format!("note: {note}"));
    }
}
