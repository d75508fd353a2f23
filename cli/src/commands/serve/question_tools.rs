//! The tools that lead from a question to a query: what answers it, how that can be grouped, what to filter by, and
//! plain SQL where nothing of the model does.

use ktx_app::Error;
use ktx_app::tools::dictionary::{self, Dictionary, DictionaryQuery};
use ktx_app::tools::dimensions::{self, Dimensions};
use ktx_app::tools::discover;
use ktx_app::tools::{sizes, sql};
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools};
use super::tool::{Effect, tool};

/// Sources of an answer, unless asked for more.
const SOURCES: usize = 5;
/// Rows of plain SQL, unless asked for more.
const ROWS: u64 = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Question {
    /// The question, in words
    question: String,
    /// Only the sources of this connection
    connection_id: Option<String>,
    /// The maximum number of sources [default: 5]
    limit: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfMeasures {
    /// Measures as sl_query takes them
    measures: Vec<String>,
    /// The connection; not needed when the project has one
    connection_id: Option<String>,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfValues {
    /// A part of the value; in any letter case [default: every value]
    query: Option<String>,
    /// Only the columns of this source
    source_name: Option<String>,
    /// Only columns of this name
    column: Option<String>,
    /// The connection; not needed when the project has one
    connection_id: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Statement {
    /// One SELECT, in the dialect of the database
    sql: String,
    /// The connection; not needed when the project has one
    connection_id: Option<String>,
    /// The maximum number of rows, up to 1000 [default: 100]
    max_rows: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
struct SqlRows {
    #[serde(flatten)]
    result: sql::SqlResult,
    /// There are more rows
    truncated: bool,
}

/// `sql_execute` is only there where queries may be run.
pub fn tools(execute_queries: bool) -> Vec<ToolRoute<Server>> {
    let mut tools = vec![
        tool(
            "discover",
            Effect::Reads,
            "Start here: find which sources, measures, dimensions and segments answer a question in words, with the reasons. Their names are those that sl_query takes",
            |tools, input: Question| {
                let workspace = tools.workspace()?;
                let limit = input.limit.unwrap_or(SOURCES);
                let connection = input.connection_id.as_deref();
                discover::discover(
                    &tools.app,
                    &workspace,
                    &tools.settings.user,
                    connection,
                    &input.question,
                    limit,
                )
            },
        ),
        tool(
            "dimensions_for",
            Effect::Reads,
            "List the dimensions that measures can be grouped by without counting rows twice, nearest first. Measures of several sources have those in common that all of them reach",
            dimensions_for,
        ),
        tool(
            "dictionary_search",
            Effect::Reads,
            "List the values of text columns that have few, such as statuses and countries: what to write in a filter. Reads the database, so the server must run queries (--execute-queries)",
            dictionary_search,
        ),
    ];
    if execute_queries {
        tools.push(tool(
            "sql_execute",
            Effect::Reads,
            "Run one SELECT on a database, for what sl_query cannot express. Read-only: anything that writes is refused",
            sql_execute,
        ));
    }
    tools
}

fn dimensions_for(tools: &Tools, input: OfMeasures) -> Result<Dimensions, Error> {
    let workspace = tools.workspace()?;
    let mut found = dimensions::compatible(&workspace, input.connection_id.as_deref(), &input.measures)?;
    let page = sizes::page(found.dimensions, input.cursor.as_deref())?;
    found.dimensions = page.items;
    found.next_cursor = page.next_cursor;
    Ok(found)
}

fn dictionary_search(tools: &Tools, input: OfValues) -> Result<Dictionary, Error> {
    if !tools.settings.execute_queries {
        return Err(Error::hinted(
            "dictionary_search reads values from the database, and this server does not run queries",
            "start it with --execute-queries",
        ));
    }
    let query = DictionaryQuery {
        connection: input.connection_id.as_deref(),
        text: input.query.as_deref(),
        source: input.source_name.as_deref(),
        column: input.column.as_deref(),
    };
    dictionary::search(&tools.app, &tools.workspace()?, &tools.python, &query)
}

fn sql_execute(tools: &Tools, input: Statement) -> Result<SqlRows, Error> {
    let workspace = tools.workspace()?;
    let (id, _) = workspace.connection(input.connection_id.as_deref())?;
    let max_rows = input.max_rows.unwrap_or(ROWS);
    let mut result = sql::execute(&tools.app, &tools.python, id.as_str(), &input.sql, max_rows)?;
    let cut = sizes::fit(&mut result.rows);
    result.total_rows = result.rows.len();
    result.row_count = result.rows.len();
    Ok(SqlRows {
        truncated: result.truncated || cut,
        result,
    })
}
