//! `ktx ingest`: the tables of one connection, or of all, into the project.

use clap::Args;
use ktx_project::ingest::{IngestReport, UnitStatus};
use ktx_project::scan::{self, Trigger};

use super::dev::ingest_text::{self, ReportForm};
use crate::arguments::PolicyArguments;
use crate::failure::{self, AlreadyReported};
use crate::session::Session;
use ktx_app::Ingester;
use ktx_app::Python;
use ktx_app::Workspace;

#[derive(Debug, Args)]
pub struct IngestArguments {
    /// The connection to ingest
    #[arg(
        value_name = "CONNECTION",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    connection: Option<String>,
    /// Ingest every connection
    #[arg(long)]
    all: bool,
    /// Print the reports as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// A connection that fails is reported; the others are still ingested. Exit 1 when any failed.
pub fn run(arguments: &IngestArguments, session: &Session) -> anyhow::Result<()> {
    let python = Python::new(&session.app, arguments.policy.policy()?)?;
    let workspace = Workspace::open(&session.app)?;
    let ingester = Ingester {
        app: &session.app,
        workspace: &workspace,
        python: &python,
        trigger: Trigger::Cli,
    };
    let form = match arguments.json {
        true => ReportForm::Json,
        false => ReportForm::Plain,
    };
    let ingest = |connection: &str| {
        session.terminal.during(&format!("Ingesting {connection}"), || {
            ingester.ingest(connection, scan::ADAPTER, None)
        })
    };
    if let Some(connection) = &arguments.connection {
        let report = ingest(connection)?;
        ingest_text::print(session, &report, form);
        return outcome(report.status == UnitStatus::Error);
    }
    let mut reports: Vec<IngestReport> = Vec::new();
    let mut failed = false;
    for id in workspace.config.connections.keys() {
        match ingest(id.as_str()) {
            Ok(report) => {
                failed |= report.status == UnitStatus::Error;
                if !arguments.json {
                    ingest_text::print(session, &report, form);
                }
                reports.push(report);
            }
            Err(error) => {
                session.app.interrupt.check()?;
                failed = true;
                for (place, line) in failure::sentence_and_hint(&error.into()).iter().enumerate() {
                    let prefix = if place == 0 {
                        format!("{id}: ")
                    } else {
                        String::new()
                    };
                    session.printer.diagnostic(&format!("{prefix}{line}"));
                }
            }
        }
    }
    if arguments.json {
        session.printer.json(&reports);
    }
    outcome(failed)
}

fn outcome(failed: bool) -> anyhow::Result<()> {
    if failed {
        Err(AlreadyReported.into())
    } else {
        Ok(())
    }
}
