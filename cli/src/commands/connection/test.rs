//! `ktx connection test`: opens a connection and counts its tables.

use clap::Args;

use crate::failure::AlreadyReported;
use crate::progress;
use crate::python::{PolicyArguments, Python};
use crate::session::Session;
use crate::tools::connections;
use crate::workspace::Workspace;

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

/// Exit 1 when the connection does not work, with why.
pub fn run(arguments: &TestArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(session)?;
    let python = Python::new(session, arguments.policy.policy()?)?;
    let (id, _) = workspace.connection(arguments.connection.as_deref())?;
    let result = progress::during(session, "Connecting", || {
        connections::test(session, &workspace, &python, id.as_str())
    })?;
    if arguments.json {
        session.printer.json(&result);
    } else if result.ok {
        session.printer.line(&format!(
            "{}: ok, {} tables ({})",
            result.id, result.table_count, result.connection_type
        ));
    } else {
        session.printer.talk(&result.message);
        for hint in &result.warnings {
            session.printer.talk(&format!("hint: {hint}"));
        }
    }
    if result.ok {
        Ok(())
    } else {
        Err(AlreadyReported.into())
    }
}
