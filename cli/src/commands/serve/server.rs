//! The server: what its tools share, how their arguments are read and how an answer becomes a protocol result.

use std::sync::Arc;

use ktx_app::{App, Error, Python, Workspace, arguments};
use ktx_runtime::ports::Service;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::schema_for_type;
use rmcp::model::{
    CallToolResult, ContentBlock, Implementation, JsonObject, ServerCapabilities, ServerConfig,
};
use rmcp::{ErrorData, ServerHandler, tool_handler};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::version::VERSION;

/// Where queries are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compute {
    Off,
    Managed,
    Url(String),
}

/// What every tool is given. Python is resolved by the first that needs it.
pub struct Tools {
    pub app: App,
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
    /// Read again for each call: people edit while a server runs.
    pub fn workspace(&self) -> Result<Workspace, Error> {
        Workspace::open(&self.app)
    }

    /// The compiler, if there is one.
    pub fn compiler(&self) -> Result<Option<Service>, Error> {
        Ok(match &self.compute {
            Compute::Off => None,
            Compute::Managed => Some(self.python.semantic_layer(None)?),
            Compute::Url(url) => Some(self.python.semantic_layer(Some(url))?),
        })
    }
}

/// The schema of a tool's arguments, for its `input_schema`.
pub fn schema<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    schema_for_type::<T>()
}

impl Server {
    pub fn new(tools: Tools) -> Self {
        let tool_router =
            Self::connection_tools() + Self::source_tools() + Self::scan_tools() + Self::ingest_tools();
        Self {
            tools: Arc::new(tools),
            tool_router,
        }
    }

    /// Runs a tool on another thread, so that a slow one does not block the others. A failure, also one of the
    /// arguments, is the tool's answer, with a message for the caller.
    pub async fn answer<I: DeserializeOwned + JsonSchema + Send + 'static, T: Serialize>(
        &self,
        arguments: JsonObject,
        work: impl FnOnce(&Tools, I) -> Result<T, Error> + Send + 'static,
    ) -> Result<CallToolResult, ErrorData> {
        let tools = Arc::clone(&self.tools);
        let worked = tokio::task::spawn_blocking(move || {
            let answer = arguments::read(arguments).and_then(|input| work(&tools, input))?;
            serde_json::to_value(answer)
                .map_err(|error| Error::refused(format!("failed to write the answer: {error}")))
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
            Err(error) => CallToolResult::error(vec![ContentBlock::text(text_of(&error))]),
        })
    }
}

fn text_of(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {}", naming_arguments(&hint)),
        None => error.to_string(),
    }
}

/// Turns `pass --connection-id` into `pass connectionId` for a caller that has arguments instead of flags.
fn naming_arguments(hint: &str) -> String {
    let mut named = String::with_capacity(hint.len());
    let mut rest = hint;
    while let Some((before, after)) = rest.split_once("pass --") {
        let end = after
            .find(|letter: char| !letter.is_ascii_lowercase() && letter != '-')
            .unwrap_or(after.len());
        named.push_str(before);
        named.push_str("pass ");
        let mut parts = after[..end].split('-');
        named.push_str(parts.next().unwrap_or_default());
        for part in parts {
            named.push_str(&part[..1].to_ascii_uppercase());
            named.push_str(&part[1..]);
        }
        rest = &after[end..];
    }
    named + rest
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("ktx", VERSION))
            .with_instructions("Query a company's data through its semantic layer: list sources, then query measures by dimensions.")
    }
}

#[cfg(test)]
mod tests {
    use super::naming_arguments;

    #[test]
    fn hints_name_arguments_where_there_are_no_flags() {
        for (hint, named) in [
            (
                "pass --connection-id with one of: a, b",
                "pass connectionId with one of: a, b",
            ),
            ("pass --max-rows 1000 or less", "pass maxRows 1000 or less"),
            ("run: ktx runtime install --yes", "run: ktx runtime install --yes"),
        ] {
            assert_eq!(naming_arguments(hint), named);
        }
    }
}
