//! A semantic-layer query: compiled by the payload, run on the warehouse when asked.

use ktx_project::nearest;
use ktx_project::semantic::Catalog;
use ktx_runtime::HttpError;
use ktx_runtime::ports::{self, Backend};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::sql;
use crate::hint::Hinted;
use crate::python::{Python, answered};
use crate::session::Session;
use crate::workspace::Workspace;

/// Rows of a query that names no cap. Its own limit is 1000 when it names none.
const UNCAPPED: u64 = 100_000;

/// Whether the SQL is run, and for how many rows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    CompileOnly,
    Run { max_rows: Option<u64> },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryResult {
    pub connection_id: String,
    pub dialect: String,
    pub sql: String,
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub total_rows: usize,
    pub plan: Map<String, Value>,
}

/// A query and what it is asked of.
pub struct Query<'q> {
    pub workspace: &'q Workspace,
    pub python: &'q Python,
    pub backend: &'q Backend,
    pub connection: Option<&'q str>,
    /// As the payload reads it.
    pub query: Value,
    pub execution: Execution,
}

impl Query<'_> {
    /// Compiles, and runs when asked.
    pub fn answer(&self, session: &Session) -> anyhow::Result<QueryResult> {
        let (id, connection) = self.workspace.connection(self.connection)?;
        let catalog = self.workspace.catalog(session, id)?;
        let sources = serde_json::to_value(catalog.sources())?;
        let dialect = connection.driver.dialect();
        let compiled = ports::compile(self.backend, &sources, &self.query, dialect);
        let compiled =
            answered(session, compiled).map_err(|error| with_nearest_names(error, &catalog, &self.query))?;
        let mut result = QueryResult {
            connection_id: id.to_string(),
            dialect: compiled.dialect,
            headers: compiled
                .columns
                .iter()
                .filter_map(|column| Some(column.get("name")?.as_str()?.to_owned()))
                .collect(),
            sql: compiled.sql,
            rows: Vec::new(),
            total_rows: 0,
            plan: compiled.plan,
        };
        let execution = match self.execution {
            Execution::CompileOnly => json!({
                "mode": "compile_only",
                "reason": "Local semantic-layer query compiled SQL but no data-source execution adapter is configured.",
            }),
            Execution::Run { max_rows } => {
                let limit = self.query.get("limit").and_then(Value::as_u64);
                let cap = max_rows.or(limit);
                let rows = sql::run(
                    session,
                    self.workspace,
                    self.python,
                    id,
                    &result.sql,
                    cap.unwrap_or(UNCAPPED),
                )?;
                result.headers = rows.headers;
                result.total_rows = rows.rows.len();
                result.rows = rows.rows;
                json!({
                    "mode": "executed",
                    "driver": connection.driver.as_str(),
                    "maxRows": cap,
                    "rowCount": result.total_rows,
                })
            }
        };
        result.plan.insert("execution".to_owned(), execution);
        Ok(result)
    }
}

/// The compiler says what is wrong; the names that somebody may have meant are known here.
fn with_nearest_names(error: anyhow::Error, catalog: &Catalog, query: &Value) -> anyhow::Error {
    let refused_by_compiler = error.chain().any(|cause| {
        let cause = cause.downcast_ref::<ktx_runtime::Error>();
        matches!(
            cause,
            Some(ktx_runtime::Error::OneShot(_) | ktx_runtime::Error::Http(HttpError::Status { .. }))
        )
    });
    if !refused_by_compiler {
        return error;
    }
    let mut offered = Vec::new();
    for member in ["measures", "dimensions"] {
        for asked in query.get(member).and_then(Value::as_array).into_iter().flatten() {
            let name = asked
                .as_str()
                .or_else(|| asked.get("field").and_then(Value::as_str));
            offered.extend(
                name.into_iter()
                    .flat_map(|name| nearest_names(catalog, name, member)),
            );
        }
    }
    offered.dedup();
    match nearest::hint(&offered) {
        Some(hint) => {
            let message = format!("{error:#}");
            Hinted::error(message, hint)
        }
        None => error,
    }
}

/// Nothing for a name that is known, or that is an expression.
fn nearest_names(catalog: &Catalog, name: &str, member: &str) -> Vec<String> {
    let Some((source, field)) = name.split_once('.') else {
        return Vec::new();
    };
    if !name
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
    {
        return Vec::new();
    }
    let Some(entry) = catalog.entries.get(source) else {
        let roles = catalog
            .entries
            .values()
            .flat_map(|entry| &entry.source.joins)
            .filter_map(|join| join.alias.as_deref());
        let known: Vec<&str> = catalog.entries.keys().map(String::as_str).chain(roles).collect();
        if known.contains(&source) {
            return Vec::new();
        }
        return nearest::among(source, known)
            .into_iter()
            .map(|near| format!("{near}.{field}"))
            .collect();
    };
    let columns = entry.source.columns.iter().map(|column| column.name.as_str());
    let measures = entry.source.measures.iter().map(|measure| measure.name.as_str());
    let known: Vec<&str> = if member == "measures" {
        measures.collect()
    } else {
        columns.collect()
    };
    if known.contains(&field) {
        return Vec::new();
    }
    nearest::among(field, known)
        .into_iter()
        .map(|near| format!("{source}.{near}"))
        .collect()
}
