//! `ktx agent context`: the project in one document.

use clap::Args;
use serde::Serialize;

use super::JsonArgument;
use super::tools::{self, Tool};
use crate::session::Session;
use crate::setup_status::SetupStatus;
use crate::tools::connections::{self, ConnectionItem};
use crate::tools::sources::SourceListing;
use crate::workspace::Workspace;

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
    tools: Vec<Tool>,
}

/// Prints the document.
pub fn run(_arguments: &ContextArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(session)?;
    let semantic_layer = match workspace.config.connections.is_empty() {
        true => SourceListing {
            sources: Vec::new(),
            total_sources: 0,
        },
        false => crate::tools::sources::list(session, None, None)?,
    };
    session.printer.json(&Context {
        project_dir: workspace.folder.dir().display().to_string(),
        status: SetupStatus::of(&workspace.folder)?,
        connections: connections::list(&workspace).connections,
        semantic_layer,
        tools: tools::all(),
    });
    Ok(())
}
