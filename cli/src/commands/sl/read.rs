//! `ktx sl read`: the YAML of one source.

use clap::Args;
use ktx_project::semantic;

use crate::session::Session;
use ktx_app::Workspace;

#[derive(Debug, Args)]
pub struct ReadArguments {
    /// The source's name
    name: String,
    /// The source's connection; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
}

/// Prints the file as it is, or a scanned table as a complete source.
pub fn run(arguments: &ReadArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let (connection, _) = workspace.connection(arguments.connection_id.as_deref())?;
    let source = semantic::read_source(&workspace.folder, connection, &arguments.name)?;
    session.printer.raw(&source.text);
    Ok(())
}
