//! `cargo xtask readiness`: what still stands between the artifacts and a release.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;

use crate::exit::{Exit, Failure};
use crate::page;
use crate::releasing;
use crate::session::Session;

/// Say what still stands between the artifacts and a release
#[derive(Args)]
pub struct ReadinessArgs {
    /// Handed-over artifacts, with reports/ and release-policy.json beside the folder [default: the checkout's]
    #[arg(long, value_name = "DIR")]
    artifacts: Option<Utf8PathBuf>,
}

pub fn run(arguments: ReadinessArgs, session: &Session<'_>) -> Result<()> {
    let location = releasing::location(session, arguments.artifacts.as_ref())?;
    let built = releasing::built(session, arguments.artifacts.as_ref())?;
    let release = page::write(session, &location, &built)?;
    let report = &release.readiness;
    session.printer.document(report)?;
    for line in report.lines() {
        session.printer.data(&line);
    }
    if report.ready {
        return Ok(());
    }
    let shut: Vec<&str> = report
        .gates
        .iter()
        .filter(|gate| !gate.open)
        .map(|gate| gate.name.name())
        .collect();
    Err(Failure::new(
        Exit::Refused,
        format!("the release is not ready: {}", shut.join(", ")),
    )
    .hint("mend the gates from the top; each says how")
    .into())
}
