//! `ktx connection test`: opens a connection and counts its tables.

use clap::Args;

use crate::arguments::PolicyArguments;
use crate::failure::AlreadyReported;
use crate::session::Session;
use ktx_app::Python;
use ktx_app::Workspace;
use ktx_app::tools::connections::{self, ConnectionTest};

#[derive(Debug, Args)]
pub struct TestArguments {
    /// The connection; not needed when the project has one
    #[arg(value_name = "CONNECTION")]
    connection: Option<String>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Exit 1 when the connection does not work, with the reason.
pub fn run(arguments: &TestArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let python = Python::new(&session.app, arguments.policy.policy()?)?;
    let (id, _) = workspace.connection(arguments.connection.as_deref())?;
    let result = session.terminal.during("Connecting", || {
        connections::test(&session.app, &workspace, &python, id.as_str())
    })?;
    if arguments.json {
        session.printer.json(&result);
    } else {
        show(&result, session);
    }
    if result.ok {
        Ok(())
    } else {
        Err(AlreadyReported.into())
    }
}

/// Prints how it went, for people.
pub fn show(result: &ConnectionTest, session: &Session) {
    if result.ok {
        session.printer.line(&format!(
            "{}: ok, {} tables ({})",
            result.id, result.table_count, result.connection_type
        ));
        for warning in &result.warnings {
            session.printer.diagnostic(&format!("warning: {warning}"));
        }
        if !result.grants.is_empty() {
            let grants = result.grants.join("\n  ");
            session.printer.diagnostic(&format!(
                "hint: make a role that only reads, and name it in the URL:\n  {grants}"
            ));
        }
    } else {
        session.printer.diagnostic(&result.message);
        for hint in &result.warnings {
            session.printer.diagnostic(&format!("hint: {hint}"));
        }
    }
}
