//! `ktx sl write`: one source into its file, once its shape is right.

use clap::Args;
use ktx_project::semantic;

use crate::session::Session;
use ktx_app::Workspace;

#[derive(Debug, Args)]
pub struct WriteArguments {
    /// The source's name, which is its file's name too
    name: String,
    /// The source's connection; not needed when the project has one
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// The source as YAML
    #[arg(long, value_name = "TEXT")]
    yaml: String,
}

/// Prints the path that was written, from the project folder.
pub fn run(arguments: &WriteArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let (connection, _) = workspace.connection(arguments.connection_id.as_deref())?;
    let path = semantic::write_text(&workspace.folder, connection, &arguments.name, &arguments.yaml)?;
    session.printer.line(&format!("Wrote {path}"));
    Ok(())
}
