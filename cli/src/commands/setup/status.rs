//! `ktx setup status` and `ktx status`: what is set up.

use clap::Args;

use crate::commands::runtime::warn_of_lacking;
use crate::session::Session;
use ktx_app::SetupStatus;

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print the status as JSON
    #[arg(long)]
    json: bool,
}

/// A folder without a project has a status too: exit 0.
pub fn run(arguments: &StatusArguments, session: &Session) -> anyhow::Result<()> {
    let folder = session.app.folder()?;
    let status = SetupStatus::of(&folder)?;
    if arguments.json {
        session.printer.json(&status);
        return Ok(());
    }
    for line in status.lines() {
        session.printer.line(&line);
    }
    for problem in &status.problems {
        session.printer.diagnostic(&format!("warning: {problem}"));
    }
    if !status.project.ready {
        session
            .printer
            .line("No KTX project here yet. Make one with `ktx setup --new`, or try `ktx setup demo`.");
    }
    warn_of_lacking(session);
    Ok(())
}
