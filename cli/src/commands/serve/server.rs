//! The server: what its tools share, and what it says about itself.

use std::sync::Arc;

use ktx_app::{App, Error, Python, Workspace};
use ktx_project::nearest;
use ktx_runtime::ports::Service;
use ktx_runtime::{Feature, FeatureSet, InstallPolicy};
use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Implementation, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::{resources, wording};
use crate::version::VERSION;

/// What an agent reads before it calls anything.
const INSTRUCTIONS: &str = "Query a company's data through its semantic layer. \
    discover finds what answers a question, sl_read_source shows the measures, columns, segments and joins of one, and \
    sl_query compiles `source.measure` by `source.column` to SQL, and runs it where the server may.";

/// Where queries are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compute {
    Off,
    Managed,
    Url(String),
}

/// What the server may do, from its flags.
#[derive(Debug, Clone)]
pub struct Settings {
    pub policy: InstallPolicy,
    pub database_url: Option<String>,
    pub compute: Compute,
    pub execute_queries: bool,
    /// Whose pages of the wiki are seen.
    pub user: String,
}

/// What every tool is given. Python is resolved by the first that needs it.
pub struct Tools {
    pub app: App,
    pub python: Python,
    pub settings: Settings,
}

#[derive(Clone)]
pub struct Server {
    pub tools: Arc<Tools>,
    tool_router: ToolRouter<Self>,
}

impl Tools {
    pub fn new(app: App, settings: Settings) -> Result<Self, Error> {
        let python = Python::new(&app, settings.policy)?.with_database_url(settings.database_url.as_deref());
        Ok(Self {
            app,
            python,
            settings,
        })
    }

    /// The same for one call.
    pub fn on(&self, app: App) -> Result<Self, Error> {
        Ok(Self {
            python: self.python.on(&app)?,
            app,
            settings: self.settings.clone(),
        })
    }

    /// Read again for each call: people edit while a server runs.
    pub fn workspace(&self) -> Result<Workspace, Error> {
        Workspace::open(&self.app)
    }

    /// The compiler, if there is one.
    pub fn compiler(&self) -> Result<Option<Service>, Error> {
        Ok(match &self.settings.compute {
            Compute::Off => None,
            Compute::Managed => Some(self.python.semantic_layer(None)?),
            Compute::Url(url) => Some(self.python.semantic_layer(Some(url))?),
        })
    }

    /// The compiler, if nothing has to be installed for it: what is written is checked as `ktx sl validate` does.
    pub fn ready_compiler(&self) -> Result<Option<Service>, Error> {
        if let Compute::Url(_) = self.settings.compute {
            return self.compiler();
        }
        match self
            .app
            .runtime()?
            .status()
            .is_ready_for(&FeatureSet::from(Feature::Core))
        {
            true => Ok(Some(self.python.semantic_layer(None)?)),
            false => Ok(None),
        }
    }
}

impl Server {
    pub fn new(tools: Tools, routes: impl IntoIterator<Item = ToolRoute<Self>>) -> Self {
        Self {
            tool_router: routes.into_iter().fold(ToolRouter::new(), ToolRouter::with_route),
            tools: Arc::new(tools),
        }
    }
}

impl Server {
    /// On another thread, as tools are; a failure is the request's.
    async fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tools) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, ErrorData> {
        let tools = Arc::clone(&self.tools);
        match tokio::task::spawn_blocking(move || work(&tools)).await {
            Ok(worked) => worked.map_err(|error| ErrorData::invalid_params(wording::of_error(&error), None)),
            Err(error) => Err(ErrorData::internal_error(error.to_string(), None)),
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_resources()
                .build(),
        )
        .with_server_info(Implementation::new("ktx", VERSION))
        .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult {
            tools: self.tool_router.list_all(),
            ..ListToolsResult::default()
        })
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = page.and_then(|page| page.cursor);
        self.elsewhere(move |tools| resources::list(&tools.app, cursor.as_deref()))
            .await
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult {
            resource_templates: resources::templates(),
            ..ListResourceTemplatesResult::default()
        })
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.clone();
        match self
            .elsewhere(move |tools| resources::read(&tools.app, &uri))
            .await?
        {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents]).into()),
            None => Err(ErrorData::resource_not_found(
                format!("unknown resource `{}`", request.uri),
                None,
            )),
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if self.get_tool(&request.name).is_none() {
            let tools = self.tool_router.list_all();
            let near = nearest::among(&request.name, tools.iter().map(|tool| tool.name.as_ref()));
            let hint = nearest::hint(&near).map_or_else(String::new, |hint| format!("; {hint}"));
            let message = format!("unknown tool `{}`{hint}", request.name);
            return Err(ErrorData::invalid_params(message, None));
        }
        let call = ToolCallContext::new(self, request, context);
        self.tool_router.call(call).await
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tool_router.get(name).cloned()
    }
}
