//! The tools over the semantic layer: list, read, write, validate, query.

use ktx_project::{ConnectionId, files, semantic, yaml};
use ktx_runtime::ports;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::server::{Server, Tools};
use crate::python::answered;
use crate::tools::query::{Execution, Query};
use crate::tools::sources;

const SHAPE_ONLY: &str =
    "Local stdio validation checks YAML shape only; Python semantic validation is not configured.";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ListSources {
    /// Only the sources of this connection
    connection_id: Option<String>,
    /// What to search for, in words
    query: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReadSource {
    connection_id: String,
    source_name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    success: bool,
    source_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    yaml: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ValidateSources {
    connection_id: String,
    /// The sources that were changed; all when left out
    names: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Validated {
    success: bool,
    errors: Vec<String>,
    warnings: Vec<String>,
}

/// A measure by name or expression, or an expression with a name of its own.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum MeasureInput {
    Text(String),
    Named { expr: String, name: String },
}

/// A dimension by name, or a time with its granularity.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum DimensionInput {
    Text(String),
    Granular { field: String, granularity: String },
}

/// A key by name, or with its direction.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum OrderInput {
    Text(String),
    Directed { field: String, direction: String },
}

#[derive(Debug, Deserialize, JsonSchema)]
struct QuerySources {
    /// The connection; not needed when the project has one
    #[serde(rename = "connectionId")]
    connection_id: Option<String>,
    /// Measures such as `orders.gross`, at least one
    #[schemars(length(min = 1))]
    measures: Vec<MeasureInput>,
    #[serde(default)]
    dimensions: Vec<DimensionInput>,
    /// Conditions, as SQL writes them
    #[serde(default)]
    filters: Vec<String>,
    #[serde(default)]
    segments: Vec<String>,
    #[serde(default)]
    order_by: Vec<OrderInput>,
    #[serde(default = "default_limit")]
    limit: u64,
    /// Keep groups without facts
    #[serde(default = "default_include_empty")]
    include_empty: bool,
}

fn default_limit() -> u64 {
    1000
}

fn default_include_empty() -> bool {
    true
}

#[tool_router(router = source_tools, vis = "pub(super)")]
impl Server {
    /// List the sources of the semantic layer, or search them
    #[tool(annotations(read_only_hint = true))]
    async fn sl_list_sources(
        &self,
        Parameters(input): Parameters<ListSources>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
            sources::list(
                &tools.session,
                input.connection_id.as_deref(),
                input.query.as_deref(),
            )
        })
        .await
    }

    /// Read the YAML of a source
    #[tool(annotations(read_only_hint = true))]
    async fn sl_read_source(
        &self,
        Parameters(input): Parameters<ReadSource>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
            sources::read(&tools.session, Some(&input.connection_id), &input.source_name)
        })
        .await
    }

    /// Write a source, or delete it
    #[tool(annotations(destructive_hint = true))]
    async fn sl_write_source(
        &self,
        Parameters(input): Parameters<WriteSource>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| write(tools, input)).await
    }

    /// Check the sources of a connection
    #[tool(annotations(read_only_hint = true))]
    async fn sl_validate(
        &self,
        Parameters(input): Parameters<ValidateSources>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| validate(tools, &input)).await
    }

    /// Compile a query of measures by dimensions to SQL; servers that may also run it return its rows
    #[tool(annotations(read_only_hint = true))]
    async fn sl_query(
        &self,
        Parameters(input): Parameters<QuerySources>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| query(tools, &input)).await
    }
}

fn write(tools: &Tools, input: WriteSource) -> anyhow::Result<Written> {
    let workspace = tools.workspace()?;
    let (connection, _) = workspace.config.connection(&input.connection_id)?;
    if input.delete {
        return delete(&workspace.folder, connection, input.source_name);
    }
    let text = match (input.yaml, input.source) {
        (Some(yaml), None) => yaml,
        (None, Some(source)) => yaml::to_text(&source),
        _ => anyhow::bail!("sl_write_source needs either `yaml` or `source`"),
    };
    semantic::write_text(&workspace.folder, connection, &input.source_name, &text)?;
    Ok(Written {
        success: true,
        source_name: input.source_name,
        yaml: Some(text),
    })
}

fn delete(folder: &ktx_project::Folder, connection: &ConnectionId, name: String) -> anyhow::Result<Written> {
    let file = folder
        .semantic_layer(connection)
        .join(format!("{}.yaml", ktx_project::SourceName::parse(&name)?));
    if !file.is_file() {
        anyhow::bail!("Semantic-layer source \"{connection}/{name}\" was not found");
    }
    files::remove(&file)?;
    Ok(Written {
        success: true,
        source_name: name,
        yaml: None,
    })
}

fn validate(tools: &Tools, input: &ValidateSources) -> anyhow::Result<Validated> {
    let workspace = tools.workspace()?;
    let (id, connection) = workspace.config.connection(&input.connection_id)?;
    let catalog = workspace.catalog(&tools.session, id)?;
    let mut errors: Vec<String> = catalog.problems.iter().map(ToString::to_string).collect();
    for name in input
        .names
        .iter()
        .flatten()
        .filter(|name| !catalog.entries.contains_key(*name))
    {
        errors.push(format!("Semantic-layer source \"{id}/{name}\" was not found"));
    }
    let Some(backend) = tools.compiler()? else {
        return Ok(Validated {
            success: errors.is_empty(),
            errors,
            warnings: vec![SHAPE_ONLY.to_owned()],
        });
    };
    let sources = serde_json::to_value(catalog.sources())?;
    let checked = ports::validate(
        &backend,
        &sources,
        connection.driver.dialect(),
        input.names.as_deref(),
    );
    let checked = answered(&tools.session, checked)?;
    errors.extend(checked.errors);
    Ok(Validated {
        success: checked.valid && errors.is_empty(),
        errors,
        warnings: checked.warnings,
    })
}

fn query(tools: &Tools, input: &QuerySources) -> anyhow::Result<crate::tools::query::QueryResult> {
    let Some(backend) = tools.compiler()? else {
        anyhow::bail!(
            "sl_query requires a semantic-layer query adapter. Local stdio MCP exposes file-backed SL CRUD only."
        );
    };
    if input.measures.is_empty() {
        anyhow::bail!("sl_query requires at least one measure");
    }
    let workspace = tools.workspace()?;
    let query = Query {
        workspace: &workspace,
        python: &tools.python,
        backend: &backend,
        connection: input.connection_id.as_deref(),
        query: json!({
            "measures": input.measures, "dimensions": input.dimensions, "filters": input.filters,
            "segments": input.segments, "order_by": input.order_by, "limit": input.limit,
            "include_empty": input.include_empty,
        }),
        execution: match tools.execute_queries {
            true => Execution::Run { max_rows: None },
            false => Execution::CompileOnly,
        },
    };
    query.answer(&tools.session)
}
