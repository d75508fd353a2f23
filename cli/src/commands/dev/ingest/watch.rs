//! `ktx dev ingest watch`: waits for a run to end and prints what it reported.

use std::time::Duration;

use clap::Args;

use super::WhichRun;
use super::text::{self, FormArguments};
use crate::session::Session;
use ktx_app::Workspace;
use ktx_app::tools::ingests;

/// How often the state is polled.
const POLL: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub struct WatchArguments {
    #[command(flatten)]
    which: WhichRun,
    #[command(flatten)]
    form: FormArguments,
}

/// Ctrl-C stops watching, not the run.
pub fn run(arguments: &WatchArguments, session: &Session) -> anyhow::Result<()> {
    if let (Some(id), None) = (&arguments.which.run, &arguments.which.report_file) {
        let folder = Workspace::open(&session.app)?.folder;
        session.terminal.during(&format!("Waiting for {id}"), || {
            while ingests::find(&folder, Some(id))?.status == "running" {
                session.app.interrupt.check()?;
                std::thread::sleep(POLL);
            }
            anyhow::Ok(())
        })?;
    }
    let report = arguments.which.report(session)?;
    text::print(session, &report, arguments.form.of(session));
    Ok(())
}
