//! `ktx agent tools`: what there is.

use clap::Args;
use serde::Serialize;

use super::JsonArgument;
use crate::session::Session;
use crate::workspace;

#[derive(Debug, Args)]
pub struct ToolsArguments {
    #[command(flatten)]
    _json: JsonArgument,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools {
    project_dir: String,
    tools: Vec<Tool>,
}

/// A tool by name, and the command line that calls it.
#[derive(Debug, Serialize)]
pub struct Tool {
    name: &'static str,
    command: &'static str,
}

/// Every tool of `ktx agent`.
pub fn all() -> Vec<Tool> {
    [
        ("context", "ktx agent context --json"),
        (
            "sl.list",
            "ktx agent sl list --json [--connection-id <id>] [--query <text>]",
        ),
        (
            "sl.read",
            "ktx agent sl read <name> --json [--connection-id <id>]",
        ),
        (
            "sl.query",
            "ktx agent sl query --json --connection-id <id> --query-file <path> [--execute --max-rows <n>]",
        ),
        (
            "sql.execute",
            "ktx agent sql execute --json --connection-id <id> --sql-file <path> --max-rows <n>",
        ),
    ]
    .map(|(name, command)| Tool { name, command })
    .into()
}

/// Prints the list.
pub fn run(_arguments: &ToolsArguments, session: &Session) -> anyhow::Result<()> {
    let project_dir = workspace::folder(session)?.dir().display().to_string();
    session.printer.json(&Tools {
        project_dir,
        tools: all(),
    });
    Ok(())
}
