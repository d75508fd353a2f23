//! LookML files as views and joins.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::service::{Call, PortError, Service};
use crate::http::Caller;

const PARSE: Call = Call {
    caller: Caller::Daemon,
    path: "/lookml/parse",
    subcommand: "lookml-parse",
};

#[derive(Clone, Debug, Serialize)]
pub struct LookmlFile {
    pub path: String,
    pub content: String,
}

/// The answer as it is: `views`, `joins`, `skipped_views` and `warnings`.
///
/// # Errors
/// When there is no answer, or it has no views.
pub fn parse_lookml(
    service: &Service,
    files: &[LookmlFile],
    dialect: &str,
) -> Result<Map<String, Value>, PortError> {
    let answer = service.call(PARSE, &json!({"files": files, "dialect": dialect}))?;
    match answer.get("views") {
        Some(Value::Array(_)) => Ok(answer),
        _ => Err(PortError::Answer(
            "ktx-daemon LookML response is missing object[] field views".to_owned(),
        )),
    }
}
