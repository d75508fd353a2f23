//! `cargo xtask readiness`: what is still missing for a release of the artifacts.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;

use crate::exit::Failure;
use crate::page;
use crate::releasing;
use crate::session::Session;

/// Show what is still missing for a release of the artifacts
#[derive(Args)]
pub struct ReadinessArgs {
    /// Handed-over artifacts, with reports/ and release-policy.json beside the folder [default: the checkout's]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<Utf8PathBuf>,
    /// The commit to release [default: the one that is checked out]
    #[arg(long, value_name = "REV")]
    source_revision: Option<String>,
}

pub fn run(arguments: ReadinessArgs, session: &Session<'_>) -> Result<()> {
    let location = releasing::location(session, arguments.artifacts.as_ref())?;
    let revision = arguments.source_revision.as_deref();
    let sources = releasing::source_facts(session, arguments.artifacts.as_ref(), revision)?;
    let release = page::write(session, &location, &sources)?;
    let report = &release.readiness;
    session.printer.document(report)?;
    for line in report.lines() {
        session.printer.data(&line);
    }
    if report.ready {
        return Ok(());
    }
    let closed: Vec<&str> = report
        .gates
        .iter()
        .filter(|gate| !gate.is_open())
        .map(|gate| gate.name.name())
        .collect();
    let message = format!("the release is not ready: {}", closed.join(", "));
    Err(Failure::new(releasing::exit_of(report.kind), message)
        .hint("open the closed gates in order; each has its hint")
        .into())
}
