//! The tools over the semantic layer: list, read, write, validate, query.

use ktx_app::Error;
use ktx_app::tools::query::{Execution, QueryResult, QueryRun};
use ktx_app::tools::sizes;
use ktx_app::tools::sources::{self, SourceItem, SourceText};
use ktx_project::yaml;
use ktx_runtime::ports::SemanticQuery;
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::server::{Server, Tools};
use super::tool::{Effect, tool};

/// Of a description in a list; the source itself has the whole.
const SHORT: usize = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ListSources {
    /// Only the sources of this connection
    connection_id: Option<String>,
    /// What to search for, in words; best match first
    query: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SourcePage {
    sources: Vec<SourceItem>,
    /// On all pages
    total_sources: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SourceWritten {
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

const WRITE: &str = "Write a source, or delete it. A source names a table (or `sql`), its grain (the columns that identify a row), columns, and optionally joins, measures and segments:
name: orders
table: public.orders
grain: [id]
columns:
  - {name: id, type: number}            # string, number, time or boolean
  - {name: status, type: string}
  - {name: big, type: boolean, expr: amount > 100}
joins:
  - {to: customers, on: customer_id = customers.id, relationship: many_to_one}
measures:
  - {name: revenue, expr: sum(amount), filter: status = 'paid', description: What was sold}
segments:
  - {name: paid, expr: status = 'paid'}
For a table that a scan found, a file with only `name` and what to add (measures, segments, joins, computed columns) is enough. What sl_validate reports as an error is refused, and nothing is written";

const QUERY: &str = "Compile a query of measures by dimensions to SQL; a server that may run it returns the rows, too. \
A measure is `source.measure`, an aggregate of a column such as `sum(orders.amount)`, or arithmetic over measures. \
A dimension is `source.column`; a time takes a granularity: {\"field\": \"orders.placed_at\", \"granularity\": \"month\"}. \
Joins are found by themselves. Where a table is joined more than once, name the role, or the path of roles, before the column: `customers.referrer.region`. \
A filter is a SQL condition over those names: `orders.status = 'paid'`; on a measure it is applied after grouping. \
A segment is `source.segment`. A field of order_by is a measure or a dimension of the query";

pub fn tools() -> Vec<ToolRoute<Server>> {
    vec![
        tool(
            "sl_list_sources",
            Effect::Reads,
            "List the sources of the semantic layer, or those that match a query, a page at a time: name, description, numbers of columns, measures and joins. sl_read_source shows one",
            list,
        ),
        tool(
            "sl_read_source",
            Effect::Reads,
            "Read a source as YAML: its columns, measures, segments and joins, whose names sl_query takes as `source.name`",
            |tools, input: ReadSource| -> Result<SourceText, Error> {
                sources::read(&tools.app, Some(&input.connection_id), &input.source_name)
            },
        ),
        tool("sl_write_source", Effect::Replaces, WRITE, write),
        tool(
            "sl_validate",
            Effect::Reads,
            "Check the sources of a connection: each mistake with file and line. Warnings do not stop queries",
            |tools, input: ValidateSources| {
                sources::validate(
                    &tools.app,
                    &tools.workspace()?,
                    tools.compiler()?.as_ref(),
                    &input.connection_id,
                    input.names.as_deref(),
                )
            },
        ),
        tool("sl_query", Effect::Reads, QUERY, query),
    ]
}

fn list(tools: &Tools, input: ListSources) -> Result<SourcePage, Error> {
    let mut listed = sources::list(&tools.app, input.connection_id.as_deref(), input.query.as_deref())?;
    for source in &mut listed.sources {
        if let Some(description) = &mut source.description
            && description.len() > SHORT
        {
            description.truncate(description.floor_char_boundary(SHORT));
            description.push('…');
        }
    }
    let page = sizes::page(listed.sources, input.cursor.as_deref())?;
    Ok(SourcePage {
        sources: page.items,
        total_sources: listed.total_sources,
        next_cursor: page.next_cursor,
    })
}

fn write(tools: &Tools, input: WriteSource) -> Result<SourceWritten, Error> {
    let workspace = tools.workspace()?;
    if input.delete {
        sources::delete(&workspace, &input.connection_id, &input.source_name)?;
        return Ok(SourceWritten {
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
    let compiler = tools.ready_compiler()?;
    sources::write_checked(
        &workspace,
        compiler.as_ref(),
        &input.connection_id,
        &input.source_name,
        &text,
    )?;
    Ok(SourceWritten {
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
        execution: match tools.settings.execute_queries {
            true => Execution::Run { max_rows: None },
            false => Execution::CompileOnly,
        },
    };
    let mut result = run.answer(&tools.app)?;
    result.truncated |= sizes::fit(&mut result.rows);
    result.total_rows = result.rows.len();
    Ok(result)
}
