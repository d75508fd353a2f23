//! `ktx dev scan <connection>`: read, compare, write.

use clap::{Args, ValueEnum};
use ktx_project::scan::{Mode, ScanReport, Trigger};

use super::text;
use crate::arguments::PolicyArguments;
use crate::session::Session;
use ktx_app::Python;
use ktx_app::Scanner;
use ktx_app::Workspace;

#[derive(Debug, Args)]
pub struct RunArguments {
    /// The connection to scan
    #[arg(value_name = "CONNECTION")]
    pub connection: Option<String>,
    /// What to find: tables, or also joins that no key declares
    #[arg(long, value_enum, default_value_t = ModeArgument::Structural)]
    mode: ModeArgument,
    /// Same as --mode relationships
    #[arg(long)]
    detect_relationships: bool,
    /// Report what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The daemon to read servers with, instead of the managed one
    #[arg(long, value_name = "URL")]
    database_introspection_url: Option<String>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArgument {
    Structural,
    Relationships,
}

/// Scans and prints what changed.
pub fn run(arguments: &RunArguments, connection: &str, session: &Session) -> anyhow::Result<()> {
    let python = Python::new(&session.app, arguments.policy.policy()?)?
        .with_database_url(arguments.database_introspection_url.as_deref());
    let workspace = Workspace::open(&session.app)?;
    let mode = match arguments.detect_relationships || arguments.mode == ModeArgument::Relationships {
        true => Mode::Relationships,
        false => Mode::Structural,
    };
    let scanner = Scanner {
        app: &session.app,
        workspace: &workspace,
        python: &python,
        trigger: Trigger::Cli,
    };
    let report = session
        .terminal
        .during("Scanning", || scanner.scan(connection, mode, arguments.dry_run))?;
    print(session, &workspace, &report, arguments.json);
    Ok(())
}

fn print(session: &Session, workspace: &Workspace, report: &ScanReport, json: bool) {
    if json {
        session.printer.json(report);
        return;
    }
    for line in text::body("KTX scan completed", report) {
        session.printer.line(&line);
    }
    if !report.dry_run {
        let dir = workspace.folder.dir().display();
        session.printer.line("");
        session.printer.line("Next:");
        session.printer.line(&format!(
            "  ktx dev scan status --project-dir {dir} {}",
            report.run_id
        ));
        session.printer.line(&format!(
            "  ktx dev scan report --project-dir {dir} {}",
            report.run_id
        ));
    }
}
