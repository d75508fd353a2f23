//! The semantic layer's compiler: sources and a query in, one SQL statement out.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::backend::{Backend, Operation, PortError};
use crate::http::Port;

const QUERY: Operation = Operation {
    port: Port::Daemon,
    path: "/semantic-layer/query",
    subcommand: "semantic-query",
};
const VALIDATE: Operation = Operation {
    port: Port::Daemon,
    path: "/semantic-layer/validate",
    subcommand: "semantic-validate",
};

/// A compiled query. Read leniently: an older or newer payload may leave members out.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledQuery {
    pub sql: String,
    pub dialect: String,
    pub columns: Vec<Map<String, Value>>,
    pub plan: Map<String, Value>,
}

/// What is wrong with a model, or may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    pub valid: bool,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// Compiles a query over sources for a dialect.
///
/// # Errors
/// When the query is refused, in the compiler's words.
pub fn compile(
    backend: &Backend,
    sources: &Value,
    query: &Value,
    dialect: &str,
) -> Result<CompiledQuery, PortError> {
    let payload = json!({"sources": sources, "dialect": dialect, "query": query});
    let mut answer = backend.call(QUERY, &payload)?;
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let columns = match answer.remove("columns") {
        Some(Value::Array(columns)) => columns.into_iter().filter_map(object).collect(),
        _ => Vec::new(),
    };
    Ok(CompiledQuery {
        sql: text(answer.remove("sql")).unwrap_or_default(),
        dialect: text(answer.remove("dialect")).unwrap_or_else(|| dialect.to_owned()),
        columns,
        plan: answer.remove("plan").and_then(object).unwrap_or_default(),
    })
}

/// Checks a whole model. A model that is not valid is an answer, not an error.
///
/// # Errors
/// When there is no answer.
pub fn validate(
    backend: &Backend,
    sources: &Value,
    dialect: &str,
    recently_touched: Option<&[String]>,
) -> Result<Validation, PortError> {
    let mut payload = json!({"sources": sources, "dialect": dialect});
    if let Some(names) = recently_touched {
        payload["recently_touched"] = json!(names);
    }
    let object = backend.call(VALIDATE, &payload)?;
    let answer = Answer {
        what: "semantic validation response",
        object: &object,
    };
    let texts = |field| -> Vec<String> {
        let items = answer
            .object
            .get(field)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    Ok(Validation {
        valid: object.get("valid") == Some(&Value::Bool(true)),
        errors: texts("errors"),
        warnings: texts("warnings"),
    })
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
