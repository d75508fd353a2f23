//! `ktx dev ingest run`: one connection, one adapter.

use std::path::PathBuf;

use clap::Args;
use ktx_project::ingest::UnitStatus;
use ktx_project::scan::Trigger;

use super::text::{self, FormArguments, ReportForm};
use crate::arguments::PolicyArguments;
use crate::failure::AlreadyReported;
use crate::session::Session;
use ktx_app::Ingester;
use ktx_app::Python;
use ktx_app::Workspace;
use ktx_app::runner;

#[derive(Debug, Args)]
pub struct RunArguments {
    /// The connection to ingest
    #[arg(long, value_name = "ID")]
    connection_id: String,
    /// The adapter: live-database, looker, metricflow, historic-sql or fake
    #[arg(long, value_name = "NAME")]
    adapter: String,
    /// A folder with exported files, for the adapters that read files
    #[arg(long, value_name = "PATH")]
    source_dir: Option<PathBuf>,
    /// The daemon to read servers with, instead of the managed one
    #[arg(long, value_name = "URL")]
    database_introspection_url: Option<String>,
    #[command(flatten)]
    form: FormArguments,
    #[arg(long, hide = true)]
    report_file: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// Exit 1 when any unit of work failed.
pub fn run(arguments: &RunArguments, session: &Session) -> anyhow::Result<()> {
    if arguments.report_file.is_some() {
        anyhow::bail!("--report-file is only supported for ingest status/watch");
    }
    let python = Python::new(&session.app, arguments.policy.policy()?)?
        .with_database_url(arguments.database_introspection_url.as_deref());
    let workspace = Workspace::open(&session.app)?;
    let ingester = Ingester {
        app: &session.app,
        workspace: &workspace,
        python: &python,
        trigger: Trigger::Cli,
    };
    let source = arguments.source_dir.as_deref();
    let report = session.terminal.during("Ingesting", || {
        ingester.ingest(&arguments.connection_id, &arguments.adapter, source)
    })?;
    let form = arguments.form.of(session);
    text::print(session, &report, form);
    if form != ReportForm::Json {
        for line in text::next_steps(&report, &workspace.folder) {
            let line = runner::spelled(&line, &session.app.environment);
            session.printer.line(&line);
        }
    }
    match report.status {
        UnitStatus::Error => Err(AlreadyReported.into()),
        UnitStatus::Done | UnitStatus::Unchanged => Ok(()),
    }
}
