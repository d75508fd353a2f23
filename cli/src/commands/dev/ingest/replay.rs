//! `ktx dev ingest replay`: the units of work of a run, in order.

use clap::Args;

use super::{WhichRun, text};
use crate::session::Session;
use ktx_app::tools::ingests::Replay;

#[derive(Debug, Args)]
pub struct ReplayArguments {
    #[command(flatten)]
    which: WhichRun,
    /// Print the units as JSON
    #[arg(long)]
    json: bool,
}

/// Prints a line for each unit.
pub fn run(arguments: &ReplayArguments, session: &Session) -> anyhow::Result<()> {
    let replay = Replay::of(arguments.which.report(session)?);
    if arguments.json {
        session.printer.json(&replay);
        return Ok(());
    }
    for unit in &replay.events {
        session.printer.line(&text::unit(unit).join("\t"));
    }
    Ok(())
}
