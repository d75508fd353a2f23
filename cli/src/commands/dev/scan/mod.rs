//! `ktx dev scan`: scans the tables of a connection, and shows the reports of earlier scans.

mod report;
mod run;
mod status;
mod text;

use clap::{Args, Subcommand};

use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ScanArguments {
    #[command(flatten)]
    run: run::RunArguments,
    #[command(subcommand)]
    command: Option<ScanCommand>,
}

#[derive(Debug, Subcommand)]
enum ScanCommand {
    /// Show the progress of a scan
    Status(status::StatusArguments),
    /// Print the report of a scan
    Report(report::ReportArguments),
}

/// Runs a scan, or one command about earlier ones.
pub fn run(arguments: &ScanArguments, session: &Session) -> anyhow::Result<()> {
    match &arguments.command {
        Some(ScanCommand::Status(arguments)) => status::run(arguments, session),
        Some(ScanCommand::Report(arguments)) => report::run(arguments, session),
        None => match &arguments.run.connection {
            Some(connection) => run::run(&arguments.run, connection, session),
            None => {
                print_help(session);
                session
                    .printer
                    .diagnostic("ktx dev scan requires <connectionId> or a subcommand");
                Err(AlreadyReported.into())
            }
        },
    }
}

fn print_help(session: &Session) {
    let mut scan = ScanArguments::augment_args(clap::Command::new("ktx dev scan"));
    session
        .printer
        .diagnostic(scan.render_help().to_string().trim_end());
}
