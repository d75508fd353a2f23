//! The tools over connections.

use ktx_app::tools::connections;
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::Deserialize;

use super::server::Server;
use super::tool::{Effect, tool};

#[derive(Deserialize, JsonSchema)]
struct NoArguments {}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfConnection {
    /// The connection's id, as returned by connection_list
    connection_id: String,
}

pub fn tools() -> Vec<ToolRoute<Server>> {
    vec![
        tool(
            "connection_list",
            Effect::Reads,
            "List the databases of this project: the id of each, which other tools take as connectionId, and its kind",
            |tools, NoArguments {}| Ok(connections::list(&tools.workspace()?)),
        ),
        tool(
            "connection_test",
            Effect::Reads,
            "Open a connection and count its tables. A database that cannot be reached is a result with ok: false and the reason",
            |tools, input: OfConnection| {
                let workspace = tools.workspace()?;
                connections::test(&tools.app, &workspace, &tools.python, &input.connection_id)
            },
        ),
    ]
}
