//! Projects of other tools as drafts of sources: LookML, and dbt with MetricFlow.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::service::{Call, PortError, Service};
use crate::http::Caller;

const LOOKML: Call = Call {
    caller: Caller::Daemon,
    path: "/lookml/parse",
    subcommand: "lookml-parse",
};

const METRICFLOW: Call = Call {
    caller: Caller::Daemon,
    path: "/metricflow/draft",
    subcommand: "metricflow-draft",
};

#[derive(Clone, Debug, Serialize)]
pub struct LookmlFile {
    pub path: String,
    pub content: String,
}

/// A YAML file of a dbt project, read: every map has its line under `__line__`.
#[derive(Clone, Debug, Serialize)]
pub struct DbtFile {
    pub path: String,
    pub documents: Vec<Value>,
}

/// The answer as it is: `views`, `joins`, `skipped_views`, `warnings`, `sources` and `reports`. With `connections`, only
/// models that name one of them count.
///
/// # Errors
/// When there is no answer, or it has no views.
pub fn parse_lookml(
    service: &Service,
    files: &[LookmlFile],
    dialect: &str,
    connections: Option<&[String]>,
) -> Result<Map<String, Value>, PortError> {
    let request = json!({"files": files, "dialect": dialect, "connections": connections, "drafts": true});
    with_list(service.call(LOOKML, &request)?, "LookML", "views")
}

/// The answer as it is: `sources`, `reports` and `warnings`. The manifest is dbt's own.
///
/// # Errors
/// When there is no answer, or it has no sources.
pub fn draft_metricflow(
    service: &Service,
    files: &[DbtFile],
    manifest: Option<&Value>,
    dialect: &str,
) -> Result<Map<String, Value>, PortError> {
    let request = json!({"files": files, "manifest": manifest, "dialect": dialect});
    let answer = service.call(METRICFLOW, &request)?;
    with_list(answer, "MetricFlow", "sources")
}

fn with_list(answer: Map<String, Value>, of: &str, field: &str) -> Result<Map<String, Value>, PortError> {
    match answer.get(field) {
        Some(Value::Array(_)) => Ok(answer),
        _ => Err(PortError::Answer(format!(
            "ktx-daemon {of} response is missing object[] field {field}"
        ))),
    }
}
