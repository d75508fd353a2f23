//! The server: what its tools share, and how a tool's answer becomes a protocol result.

use std::sync::Arc;

use anyhow::Context as _;
use ktx_runtime::ports::Backend;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ErrorData, ServerHandler, tool_handler};
use serde::Serialize;

use crate::hint;
use crate::python::Python;
use crate::session::Session;
use crate::version::VERSION;
use crate::workspace::Workspace;

/// Where queries are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compute {
    Off,
    Managed,
    Url(String),
}

/// What every tool is given. Python is resolved by the first that needs it.
pub struct Tools {
    pub session: Session,
    pub python: Python,
    pub compute: Compute,
    pub execute_queries: bool,
}

#[derive(Clone)]
pub struct Server {
    tools: Arc<Tools>,
    tool_router: ToolRouter<Self>,
}

impl Tools {
    /// Read anew for each call: people edit while a server runs.
    pub fn workspace(&self) -> anyhow::Result<Workspace> {
        Workspace::open(&self.session)
    }

    /// The compiler, if there is one.
    pub fn compiler(&self) -> anyhow::Result<Option<Backend>> {
        Ok(match &self.compute {
            Compute::Off => None,
            Compute::Managed => Some(self.python.semantic_layer(None)?),
            Compute::Url(url) => Some(self.python.semantic_layer(Some(url))?),
        })
    }
}

impl Server {
    pub fn new(session: Session, python: Python, compute: Compute, execute_queries: bool) -> Self {
        let tool_router =
            Self::connection_tools() + Self::source_tools() + Self::scan_tools() + Self::ingest_tools();
        Self {
            tools: Arc::new(Tools {
                session,
                python,
                compute,
                execute_queries,
            }),
            tool_router,
        }
    }

    /// Does a tool's work away from the protocol, so that a slow one holds up no other. A failure is the tool's
    /// answer, in words that the caller sees.
    pub async fn answer<T: Serialize>(
        &self,
        work: impl FnOnce(&Tools) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<CallToolResult, ErrorData> {
        let tools = Arc::clone(&self.tools);
        let worked = tokio::task::spawn_blocking(move || {
            work(&tools).and_then(|answer| serde_json::to_value(answer).context("failed to write the answer"))
        });
        let worked = worked
            .await
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(match worked {
            Ok(answer) => {
                let text = serde_json::to_string_pretty(&answer).unwrap_or_default();
                let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
                result.structured_content = Some(answer);
                result
            }
            Err(error) => {
                let hint = hint::of(&error)
                    .map(|hint| format!("\nhint: {hint}"))
                    .unwrap_or_default();
                CallToolResult::error(vec![ContentBlock::text(format!("{error:#}{hint}"))])
            }
        })
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("ktx", VERSION))
            .with_instructions("Query a company's data through its semantic layer: list sources, then query measures by dimensions.")
    }
}
