//! What the role of a database connection may do.

use serde::Serialize;

use super::answer::Answer;
use super::place::DatabasePlace;
use super::service::{Call, PortError, Service};
use crate::http::Caller;

const ACCESS: Call = Call {
    caller: Caller::Daemon,
    path: "/database/access",
    subcommand: "database-access",
};

#[derive(Clone, Serialize)]
pub struct AccessRequest {
    pub connection_id: String,
    #[serde(flatten)]
    pub place: DatabasePlace,
    /// None for those that a connection without a choice sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schemas: Option<Vec<String>>,
    pub statement_timeout_ms: u64,
}

/// Why a role could write, and the statements that make one that cannot; both empty for one that only reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseAccess {
    pub warning: Option<String>,
    pub grants: Vec<String>,
}

/// Asks the server about the role of a connection.
///
/// # Errors
/// When it cannot be asked, in the words of the service, or when the answer has no statements.
pub fn database_access(service: &Service, request: &AccessRequest) -> Result<DatabaseAccess, PortError> {
    let payload = serde_json::to_value(request).map_err(|error| PortError::Answer(error.to_string()))?;
    let object = service.call(ACCESS, &payload)?;
    let answer = Answer {
        what: "ktx-daemon database access response",
        object: &object,
    };
    Ok(DatabaseAccess {
        warning: answer.optional_text("warning"),
        grants: answer.texts("grants")?,
    })
}
