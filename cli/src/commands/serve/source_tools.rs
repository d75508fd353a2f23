//! The tools over the semantic layer: list, read, write, validate, query.

use ktx_app::Error;
use ktx_app::tools::query::{Execution, QueryResult, QueryRun};
use ktx_app::tools::sources;
use ktx_project::yaml;
use ktx_runtime::ports::SemanticQuery;
use rmcp::model::{CallToolResult, JsonObject};
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::server::{Server, Tools, schema};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ListSources {
    /// Only the sources of this connection
    connection_id: Option<String>,
    /// What to search for, in words
    query: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReadSource {
    connection_id: String,
    source_name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WriteSource {
    connection_id: String,
    /// In snake_case; also the name inside the source
    source_name: String,
    /// The source as YAML
    yaml: Option<String>,
    /// The source as an object, instead of YAML
    source: Option<Map<String, Value>>,
    /// Remove the source's file
    #[serde(default)]
    delete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    success: bool,
    source_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    yaml: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ValidateSources {
    connection_id: String,
    /// The sources that were changed [default: all]
    names: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
struct QuerySources {
    /// The connection; not needed when the project has one
    #[serde(rename = "connectionId")]
    connection_id: Option<String>,
    #[serde(flatten)]
    query: SemanticQuery,
}

#[tool_router(router = source_tools, vis = "pub(super)")]
impl Server {
    /// List the sources of the semantic layer, or search them
    #[tool(annotations(read_only_hint = true), input_schema = schema::<ListSources>())]
    async fn sl_list_sources(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: ListSources| {
            sources::list(&tools.app, input.connection_id.as_deref(), input.query.as_deref())
        })
        .await
    }

    /// Read the YAML of a source
    #[tool(annotations(read_only_hint = true), input_schema = schema::<ReadSource>())]
    async fn sl_read_source(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: ReadSource| {
            sources::read(&tools.app, Some(&input.connection_id), &input.source_name)
        })
        .await
    }

    /// Write a source, or delete it
    #[tool(annotations(destructive_hint = true), input_schema = schema::<WriteSource>())]
    async fn sl_write_source(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, write).await
    }

    /// Check the sources of a connection
    #[tool(annotations(read_only_hint = true), input_schema = schema::<ValidateSources>())]
    async fn sl_validate(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: ValidateSources| {
            sources::validate(
                &tools.app,
                &tools.workspace()?,
                tools.compiler()?.as_ref(),
                &input.connection_id,
                input.names.as_deref(),
            )
        })
        .await
    }

    /// Compile a query of measures by dimensions to SQL; servers that may also run it return its rows
    #[tool(annotations(read_only_hint = true), input_schema = schema::<QuerySources>())]
    async fn sl_query(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, query).await
    }
}

fn write(tools: &Tools, input: WriteSource) -> Result<Written, Error> {
    let workspace = tools.workspace()?;
    if input.delete {
        sources::delete(&workspace, &input.connection_id, &input.source_name)?;
        return Ok(Written {
            success: true,
            source_name: input.source_name,
            yaml: None,
        });
    }
    let text = match (input.yaml, input.source) {
        (Some(yaml), None) => yaml,
        (None, Some(source)) => yaml::to_text(&source),
        _ => return Err(Error::refused("sl_write_source needs either `yaml` or `source`")),
    };
    sources::write(&workspace, &input.connection_id, &input.source_name, &text)?;
    Ok(Written {
        success: true,
        source_name: input.source_name,
        yaml: Some(text),
    })
}

fn query(tools: &Tools, input: QuerySources) -> Result<QueryResult, Error> {
    let Some(compiler) = tools.compiler()? else {
        return Err(Error::refused(
            "sl_query requires a semantic-layer query adapter. Local stdio MCP exposes file-backed SL CRUD only.",
        ));
    };
    if input.query.measures.is_empty() && input.query.dimensions.is_empty() {
        return Err(Error::refused("sl_query requires at least one measure"));
    }
    let workspace = tools.workspace()?;
    let run = QueryRun {
        workspace: &workspace,
        python: &tools.python,
        compiler: &compiler,
        connection: input.connection_id.as_deref(),
        query: input.query,
        execution: match tools.execute_queries {
            true => Execution::Run { max_rows: None },
            false => Execution::CompileOnly,
        },
    };
    run.answer(&tools.app)
}
