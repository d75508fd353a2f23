//! `ktx sl validate`: the shape of one source, without Python.

use clap::Args;
use ktx_project::semantic;

use crate::failure::AlreadyReported;
use crate::session::Session;
use ktx_app::Workspace;

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
    let text = semantic::read_text(&workspace.folder, connection, &arguments.name)?;
    match semantic::validate_text(&text) {
        Ok(_) => {
            session.printer.line(&format!(
                "Valid semantic-layer source: {connection}/{}",
                arguments.name
            ));
            Ok(())
        }
        Err(findings) => {
            for finding in findings {
                session.printer.diagnostic(&finding.to_string());
            }
            Err(AlreadyReported.into())
        }
    }
}
