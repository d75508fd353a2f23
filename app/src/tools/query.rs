//! A semantic-layer query: compiled by the payload, run on the database when asked.

use ktx_project::nearest;
use ktx_project::semantic::Catalog;
use ktx_runtime::ports::{self, PortError, QueryWarning, SemanticModel, SemanticQuery, Service};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::sql;
use crate::{App, Error, Python, Workspace};

/// Rows of a query that names no cap. Its own limit is 1000 when it names none.
const UNCAPPED: u64 = 100_000;

/// Whether the SQL is run, and the maximum number of rows.
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
    /// A limit cut rows off.
    pub truncated: bool,
    pub warnings: Vec<QueryWarning>,
    pub plan: Map<String, Value>,
}

/// A query and what it is asked of.
pub struct QueryRun<'q> {
    pub workspace: &'q Workspace,
    pub python: &'q Python,
    pub compiler: &'q Service,
    pub connection: Option<&'q str>,
    pub query: SemanticQuery,
    pub execution: Execution,
}

impl QueryRun<'_> {
    /// Compiles, and runs when asked.
    pub fn answer(&self, app: &App) -> Result<QueryResult, Error> {
        let (id, connection) = self.workspace.connection(self.connection)?;
        let catalog = self.workspace.catalog(app, id)?;
        let model = SemanticModel {
            sources: &json!(catalog.sources()),
            dialect: connection.driver.dialect(),
        };
        let compiled = ports::compile(self.compiler, model, &self.query)
            .map_err(|error| with_nearest_names(error, &catalog, &self.query))?;
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
            truncated: false,
            warnings: compiled.warnings,
            plan: compiled.plan,
        };
        let execution = match self.execution {
            Execution::CompileOnly => json!({
                "mode": "compile_only",
                "reason": "Local semantic-layer query compiled SQL but no data-source execution adapter is configured.",
            }),
            Execution::Run { max_rows } => {
                let cap = max_rows.or(self.query.limit);
                let rows = sql::run(
                    app,
                    self.workspace,
                    self.python,
                    id,
                    &result.sql,
                    cap.unwrap_or(UNCAPPED),
                )?;
                result.headers = rows.headers;
                result.total_rows = rows.rows.len();
                result.rows = rows.rows;
                result.truncated = rows.truncated;
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

/// The compiler says what is wrong; where it offers no way out, the names that are close are known here.
fn with_nearest_names(error: PortError, catalog: &Catalog, query: &SemanticQuery) -> Error {
    let PortError::Refused { message, hint: None } = error else {
        return error.into();
    };
    let measures = query.measures.iter().map(|measure| measure.expression());
    let dimensions = query.dimensions.iter().map(|dimension| dimension.field());
    let mut offered: Vec<String> = measures
        .flat_map(|name| nearest_names(catalog, name, Member::Measure))
        .collect();
    offered.extend(dimensions.flat_map(|name| nearest_names(catalog, name, Member::Dimension)));
    offered.dedup();
    Error::Refused {
        message,
        hint: nearest::hint(&offered),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Measure,
    Dimension,
}

/// Nothing for a name that is known, or that is an expression.
fn nearest_names(catalog: &Catalog, name: &str, member: Member) -> Vec<String> {
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
    let known: Vec<&str> = match member {
        Member::Measure => measures.collect(),
        Member::Dimension => columns.collect(),
    };
    if known.contains(&field) {
        return Vec::new();
    }
    nearest::among(field, known)
        .into_iter()
        .map(|near| format!("{source}.{near}"))
        .collect()
}
