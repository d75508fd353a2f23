//! The tools over connections.

use ktx_app::tools::connections;
use rmcp::model::{CallToolResult, JsonObject};
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::server::{Server, schema};

#[derive(Deserialize, JsonSchema)]
struct NoArguments {}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfConnection {
    /// The connection's id, as returned by connection_list
    connection_id: String,
}

#[tool_router(router = connection_tools, vis = "pub(super)")]
impl Server {
    /// List the configured connections
    #[tool(annotations(read_only_hint = true), input_schema = schema::<NoArguments>())]
    async fn connection_list(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, NoArguments {}| {
            Ok(connections::list(&tools.workspace()?))
        })
        .await
    }

    /// Open a connection and count its tables
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfConnection>())]
    async fn connection_test(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfConnection| {
            connections::test(
                &tools.app,
                &tools.workspace()?,
                &tools.python,
                &input.connection_id,
            )
        })
        .await
    }
}
