//! One reading statement on a database. A request that is given up cancels it on the server.

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::place::DatabasePlace;
use super::service::{Call, PortError, Service};
use crate::http::Caller;

const QUERY: Call = Call {
    caller: Caller::Daemon,
    path: "/database/query",
    subcommand: "database-query",
};

#[derive(Clone, Serialize)]
pub struct QueryRequest {
    pub connection_id: String,
    #[serde(flatten)]
    pub place: DatabasePlace,
    pub sql: String,
    pub max_rows: u64,
    pub statement_timeout_ms: u64,
    /// Functions of the database that only compute, beyond those that the guard knows.
    pub allowed_functions: Vec<String>,
}

/// Rows as JSON values without loss.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There were more rows than asked for.
    pub truncated: bool,
}

/// Runs the statement.
///
/// # Errors
/// When it is refused or fails, in the words of the service, or when the answer is no table.
pub fn query_database(service: &Service, request: &QueryRequest) -> Result<QueryAnswer, PortError> {
    let payload = serde_json::to_value(request).map_err(|error| PortError::Answer(error.to_string()))?;
    read(&service.call(QUERY, &payload)?)
}

fn read(object: &Map<String, Value>) -> Result<QueryAnswer, PortError> {
    let answer = Answer {
        what: "ktx-daemon database query response",
        object,
    };
    let headers = answer.texts("headers")?;
    let invalid = || answer.refuse("is missing row field rows");
    let rows = object.get("rows").and_then(Value::as_array).ok_or_else(invalid)?;
    let row = |row: &Value| {
        row.as_array()
            .filter(|row| row.len() == headers.len())
            .cloned()
            .ok_or_else(invalid)
    };
    Ok(QueryAnswer {
        rows: rows.iter().map(row).collect::<Result<_, _>>()?,
        truncated: object.get("truncated") == Some(&Value::Bool(true)),
        headers,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn rows_are_as_wide_as_their_headers() {
        for (answer, passes) in [
            (json!({"headers": ["a", "b"], "rows": [[1, "x"]]}), true),
            (json!({"headers": ["a"], "rows": [[1, "x"]]}), false),
            (json!({"headers": ["a"], "rows": [1]}), false),
            (json!({"headers": ["a"]}), false),
            (json!({"headers": [1], "rows": []}), false),
        ] {
            assert_eq!(
                read(answer.as_object().expect("an object")).is_ok(),
                passes,
                "{answer}"
            );
        }
    }
}
