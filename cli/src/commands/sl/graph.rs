//! `ktx sl graph`: a picture of the model.

use clap::{Args, ValueEnum};
use ktx_app::Workspace;
use ktx_app::picture::{self, Model};

use crate::session::Session;

#[derive(Debug, Args)]
pub struct GraphArguments {
    /// Only the sources of this connection
    #[arg(long, value_name = "ID")]
    connection_id: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    format: GraphFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Mermaid,
    /// One file for a browser, to search and to follow joins in
    Html,
    /// For Graphviz
    Dot,
}

/// Prints the picture.
pub fn run(arguments: &GraphArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let model = Model::of(&session.app, &workspace, arguments.connection_id.as_deref())?;
    let form = match arguments.format {
        GraphFormat::Mermaid => picture::Form::Mermaid,
        GraphFormat::Html => picture::Form::Html,
        GraphFormat::Dot => picture::Form::Dot,
    };
    session.printer.raw(&model.drawn(form));
    Ok(())
}
