//! The semantic layer's compiler: sources and a query in, one SQL statement out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::semantic_query::SemanticQuery;
use super::service::{Call, PortError, Service};
use crate::http::Caller;

const QUERY: Call = Call {
    caller: Caller::Daemon,
    path: "/semantic-layer/query",
    subcommand: "semantic-query",
};
const VALIDATE: Call = Call {
    caller: Caller::Daemon,
    path: "/semantic-layer/validate",
    subcommand: "semantic-validate",
};

/// What the compiler reads of a model: resolved sources, and what is known to be wrong with the others.
#[derive(Clone, Debug)]
pub struct SemanticModel<'m> {
    pub sources: Value,
    /// Sources that are skipped, and why.
    pub unreadable: BTreeMap<String, String>,
    /// Where sources are defined, for messages about their faults.
    pub locations: BTreeMap<String, String>,
    pub dialect: &'m str,
    /// `week_start`, `fiscal_year_start`, `time_zone` and `date_table`, as far as they are set.
    pub calendar: &'m BTreeMap<String, String>,
}

/// A compiled query. Read leniently: an older or newer payload may leave members out.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledQuery {
    pub sql: String,
    pub dialect: String,
    pub columns: Vec<Map<String, Value>>,
    pub plan: Map<String, Value>,
    pub warnings: Vec<QueryWarning>,
}

/// Something about an answer that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, JsonSchema)]
pub struct QueryWarning {
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What is wrong with a model, or may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    pub valid: bool,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
    /// Warnings about sources that were just changed.
    pub per_source: BTreeMap<String, Vec<String>>,
    /// What is right and worth knowing, such as ambiguous paths.
    pub information: Vec<String>,
}

/// Compiles a query over sources for a dialect. With `look_ahead` the SQL gives that many rows beyond the limit of the
/// query, which shows whether the limit cut rows off.
///
/// # Errors
/// When the query is refused, in the compiler's words.
pub fn compile(
    service: &Service,
    model: SemanticModel<'_>,
    query: &SemanticQuery,
    look_ahead: u64,
) -> Result<CompiledQuery, PortError> {
    let mut payload = json!({
        "sources": model.sources, "dialect": model.dialect, "query": query,
    });
    if !model.unreadable.is_empty() {
        payload["unreadable"] = json!(model.unreadable);
    }
    if !model.locations.is_empty() {
        payload["locations"] = json!(model.locations);
    }
    if !model.calendar.is_empty() {
        payload["calendar"] = json!(model.calendar);
    }
    if look_ahead > 0 {
        payload["look_ahead"] = look_ahead.into();
    }
    let mut answer = service.call(QUERY, &payload)?;
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    Ok(CompiledQuery {
        sql: text(answer.remove("sql")).unwrap_or_default(),
        dialect: text(answer.remove("dialect")).unwrap_or_else(|| model.dialect.to_owned()),
        columns: objects(answer.remove("columns")),
        plan: answer.remove("plan").and_then(object).unwrap_or_default(),
        warnings: objects(answer.remove("warnings"))
            .iter()
            .filter_map(QueryWarning::read)
            .collect(),
    })
}

/// Checks a whole model. A model that is not valid is an answer, not an error.
///
/// # Errors
/// When there is no answer.
pub fn validate(
    service: &Service,
    model: SemanticModel<'_>,
    recently_touched: Option<&[String]>,
) -> Result<Validation, PortError> {
    let mut payload = json!({"sources": model.sources, "dialect": model.dialect});
    if let Some(names) = recently_touched {
        payload["recently_touched"] = json!(names);
    }
    let answer = service.call(VALIDATE, &payload)?;
    let texts = |field| texts(answer.get(field));
    let per_source = answer.get("per_source_warnings").and_then(Value::as_object);
    Ok(Validation {
        valid: answer.get("valid") == Some(&Value::Bool(true)),
        errors: texts("errors"),
        warnings: texts("warnings"),
        per_source: per_source
            .into_iter()
            .flatten()
            .map(|(name, warnings)| (name.clone(), self::texts(Some(warnings))))
            .collect(),
        information: texts("information"),
    })
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl QueryWarning {
    fn read(object: &Map<String, Value>) -> Option<QueryWarning> {
        let text = |field: &str| object.get(field).and_then(Value::as_str).map(str::to_owned);
        Some(QueryWarning {
            code: text("code").unwrap_or_else(|| "warning".to_owned()),
            message: text("message")?,
            hint: text("hint"),
        })
    }
}

fn objects(value: Option<Value>) -> Vec<Map<String, Value>> {
    match value {
        Some(Value::Array(items)) => items.into_iter().filter_map(object).collect(),
        _ => Vec::new(),
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
