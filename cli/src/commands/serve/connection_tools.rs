//! The tools over connections.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::server::Server;
use crate::tools::connections;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectionTest {
    /// The connection's id, as connection_list gives it
    connection_id: String,
}

#[tool_router(router = connection_tools, vis = "pub(super)")]
impl Server {
    /// List the configured connections
    #[tool(annotations(read_only_hint = true))]
    async fn connection_list(&self) -> Result<CallToolResult, ErrorData> {
        self.answer(|tools| Ok(connections::list(&tools.workspace()?)))
            .await
    }

    /// Open a connection and count its tables
    #[tool(annotations(read_only_hint = true))]
    async fn connection_test(
        &self,
        Parameters(input): Parameters<ConnectionTest>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
            connections::test(
                &tools.session,
                &tools.workspace()?,
                &tools.python,
                &input.connection_id,
            )
        })
        .await
    }
}
