//! `ktx agent context`: the project in one document.

use clap::Args;
use serde::Serialize;

use super::JsonArgument;
use super::tools::{TOOLS, Tool};
use crate::session::Session;
use ktx_app::SetupStatus;
use ktx_app::Workspace;
use ktx_app::tools::connections::{self, ConnectionItem};
use ktx_app::tools::sources::SourceListing;

#[derive(Debug, Args)]
pub struct ContextArguments {
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    project_dir: String,
    status: SetupStatus,
    connections: Vec<ConnectionItem>,
    semantic_layer: SourceListing,
    tools: &'static [Tool],
}

/// Prints the document.
pub fn run(_arguments: &ContextArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let semantic_layer = match workspace.config.connections.is_empty() {
        true => SourceListing {
            sources: Vec::new(),
            total_sources: 0,
        },
        false => ktx_app::tools::sources::list(&session.app, None, None)?,
    };
    session.printer.json(&Context {
        project_dir: workspace.folder.dir().display().to_string(),
        status: SetupStatus::of(&workspace.folder)?,
        connections: connections::list(&workspace).connections,
        semantic_layer,
        tools: TOOLS,
    });
    Ok(())
}
