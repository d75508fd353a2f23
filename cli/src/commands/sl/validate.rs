//! `ktx sl validate`: one source, its shape and, where the Python runtime is installed, its expressions.

use clap::Args;
use ktx_app::tools::sources;
use ktx_app::{Python, Workspace};
use ktx_runtime::InstallPolicy;

use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// The source's name
    name: String,
    /// The source's connection; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
}

/// One line per mistake, each with its place in the file.
pub fn run(arguments: &ValidateArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let (connection, _) = workspace.connection(arguments.connection_id.as_deref())?;
    let python = Python::new(&session.app, InstallPolicy::Never)?;
    let check = sources::validate_one(&session.app, &workspace, &python, connection, &arguments.name)?;
    for error in &check.errors {
        session.printer.diagnostic(error);
    }
    for warning in &check.warnings {
        session.printer.diagnostic(&format!("warning: {warning}"));
    }
    if !check.errors.is_empty() {
        return Err(AlreadyReported.into());
    }
    session.printer.line(&format!(
        "Valid semantic-layer source: {connection}/{}",
        arguments.name
    ));
    Ok(())
}
