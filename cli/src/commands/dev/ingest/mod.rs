//! `ktx dev ingest`: ingests data with an adapter, and shows the reports of earlier runs.

mod replay;
mod run;
mod status;
pub mod text;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ktx_project::ingest::IngestReport;

use crate::session::Session;
use ktx_app::Workspace;
use ktx_app::tools::ingests;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct IngestArguments {
    #[command(subcommand)]
    command: IngestCommand,
}

#[derive(Debug, Subcommand)]
enum IngestCommand {
    /// Ingest a connection with one adapter
    Run(run::RunArguments),
    /// Print the report of a run, or of the latest
    Status(status::StatusArguments),
    /// Wait for a run to end and print its report
    Watch(watch::WatchArguments),
    /// List the units of work of a run in order
    Replay(replay::ReplayArguments),
}

/// Which run to use.
#[derive(Debug, Args)]
struct WhichRun {
    /// The run [default: the latest]
    run: Option<String>,
    /// Read the report from this file
    #[arg(long, value_name = "PATH", conflicts_with = "run")]
    report_file: Option<PathBuf>,
}

impl WhichRun {
    fn report(&self, session: &Session) -> anyhow::Result<IngestReport> {
        match &self.report_file {
            Some(path) => Ok(ingests::read(&fs_err::read_to_string(path)?)?),
            None => {
                let workspace = Workspace::open(&session.app)?;
                Ok(ingests::report(&ingests::find(
                    &workspace.folder,
                    self.run.as_deref(),
                )?)?)
            }
        }
    }
}

/// Runs one command of the group.
pub fn run(arguments: &IngestArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        IngestCommand::Run(arguments) => run::run(arguments, session),
        IngestCommand::Status(arguments) => status::run(arguments, session),
        IngestCommand::Watch(arguments) => watch::run(arguments, session),
        IngestCommand::Replay(arguments) => replay::run(arguments, session),
    }
}
