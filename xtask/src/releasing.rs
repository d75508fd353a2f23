//! What the commands that release have in common: where things lie, what npm is given, and how a refusal is told.

use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use ktx_manifest::artifact_manifest::ArtifactPackage;
use ktx_policy::guard::{Plan, Refused, TrustDowngrade, Work};
use ktx_policy::readiness::Head;
use ktx_policy::{Finding, RegistryUrl, ReleaseVersion};
use ktx_publish::artifacts::{Built, Location};
use ktx_publish::tag_move::{MoveOptions, MovePlan, MoveReport};
use ktx_publish::{Desk, Environment, ErrorClass, PublishError};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::process::{self, Talk};
use crate::session::Session;
use crate::sources;

/// The session, as the publishing library sees it.
pub struct SessionDesk<'s, 'p>(pub &'s Session<'p>);

impl Desk for SessionDesk<'_, '_> {
    fn talk(&self, line: &str) {
        self.0.printer.talk(line);
    }

    fn interrupted(&self) -> bool {
        interrupt::received().is_some()
    }
}

/// The environment of this process, without what is no text.
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect()
}

/// Where the artifacts lie: handed over, or in the checkout.
pub fn location(session: &Session<'_>, artifacts: Option<&Utf8PathBuf>) -> Result<Location> {
    match artifacts {
        Some(artifacts) => Ok(Location::handed_over(artifacts.as_std_path())),
        None => Ok(Location::in_checkout(session.root()?.as_std_path())),
    }
}

/// What the artifacts must be. Handed-over ones come with the program that runs now, and have its version.
pub fn built(session: &Session<'_>, artifacts: Option<&Utf8PathBuf>) -> Result<Built> {
    let version = match artifacts {
        Some(_) => semver::Version::parse(env!("CARGO_PKG_VERSION"))?,
        None => sources::version(session)?,
    };
    let python = ktx_release::version::python_version(&version)
        .map_err(|error| Failure::new(Exit::Refused, error.to_string()).hint(error.hint()))?;
    let packages = vec![
        ArtifactPackage::npm(version.to_string()),
        ArtifactPackage::python(python.to_string()),
    ];
    let version: ReleaseVersion = version
        .to_string()
        .parse()
        .map_err(|error| Failure::new(Exit::Refused, format!("{error}")))?;
    Ok(Built {
        version,
        packages,
        head: head(session)?,
    })
}

fn head(session: &Session<'_>) -> Result<Head> {
    let Ok(root) = session.root() else {
        return Ok(Head::NoCheckout);
    };
    Ok(Head::At(
        git(session, root, &["rev-parse", "HEAD"])?.trim().to_owned(),
    ))
}

/// What git says, run in the checkout.
pub fn git(session: &Session<'_>, root: &camino::Utf8Path, arguments: &[&str]) -> Result<String> {
    let mut command = std::process::Command::new("git");
    command.args(arguments).current_dir(root);
    let said = process::run(session.printer, command, Talk::Kept).context("failed to ask git")?;
    Ok(said.stdout)
}

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
        readiness: Option<&'a ktx_policy::readiness::ReadinessReport>,
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

/// `--accept-trust-downgrade` as the guard has it.
pub fn trust_downgrade(accepted: bool) -> TrustDowngrade {
    if accepted {
        TrustDowngrade::Accepted
    } else {
        TrustDowngrade::Refused
    }
}

/// How long a registry may take to serve a tag that was moved.
const MOVE_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Where a tag is moved.
pub fn move_options(
    session: &Session<'_>,
    artifacts: Option<&Utf8PathBuf>,
    registry: Option<RegistryUrl>,
) -> Result<MoveOptions> {
    Ok(MoveOptions {
        location: location(session, artifacts)?,
        registry,
        patience: MOVE_PATIENCE,
    })
}

/// Whether a planned move is carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only shown.
    Dry,
    /// `--execute`
    Execute,
}

/// Shows a move, and carries it out when that was asked for. Whoever runs the commands by hand runs this again, and is
/// told whether the registry has it.
pub fn carry_out(session: &Session<'_>, plan: &MovePlan, mode: Mode) -> Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        plan: &'a Plan,
        registry: &'a RegistryUrl,
        commands: Vec<String>,
        report: Option<&'a MoveReport>,
    }
    let guard = plan.guard();
    let printer = session.printer;
    printer.data(&format!(
        "point {} at @kaelio/ktx@{} on {}",
        guard.tag,
        guard.version,
        plan.registry()
    ));
    print_plan(session, guard);
    let commands: Vec<String> = std::iter::once(plan.command())
        .chain(plan.deprecation())
        .collect();
    let mut document = Document {
        plan: guard,
        registry: plan.registry(),
        commands,
        report: None,
    };
    if guard.work == Work::Nothing {
        printer.data("done already, as read from the registry");
        return printer.document(&document);
    }
    if mode == Mode::Dry {
        printer.data("dry run: nothing was written; a person with a second factor runs");
        document
            .commands
            .iter()
            .for_each(|command| printer.data(&format!("  {command}")));
        printer.data("then this command again, which verifies the outcome; or add --execute");
        return printer.document(&document);
    }
    let report = plan
        .execute(&SessionDesk(session))
        .map_err(|error| failure(session, error))?;
    printer.data(&format!("{} points at {}", report.tag, report.version));
    if let Some(command) = plan.deprecation() {
        printer.data(&format!("to warn those who have the other version: {command}"));
    }
    document.report = Some(&report);
    printer.document(&document)
}
