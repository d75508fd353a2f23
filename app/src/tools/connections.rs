//! Listing and testing connections.

use ktx_project::config::Driver;
use schemars::JsonSchema;
use serde::Serialize;

use crate::databases::Database;
use crate::{App, Error, Python, Workspace};

#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionListing {
    pub connections: Vec<ConnectionItem>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionItem {
    pub id: String,
    pub name: String,
    pub connection_type: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionTest {
    pub id: String,
    pub connection_type: String,
    pub ok: bool,
    pub table_count: usize,
    pub message: String,
    pub warnings: Vec<String>,
    /// The statements that make a role that only reads, when the connection's role could write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<String>,
}

/// The connections of `ktx.yaml`, in order.
pub fn list(workspace: &Workspace) -> ConnectionListing {
    let item = |id: &ktx_project::ConnectionId, driver: &Driver| ConnectionItem {
        id: id.to_string(),
        name: id.to_string(),
        connection_type: driver.as_str().to_owned(),
    };
    ConnectionListing {
        connections: workspace
            .config
            .connections
            .iter()
            .map(|(id, c)| item(id, &c.driver))
            .collect(),
    }
}

/// Reads the tables of a connection, and asks whether its role could write. One that does not work is a result; one that is not configured an error.
pub fn test(app: &App, workspace: &Workspace, python: &Python, id: &str) -> Result<ConnectionTest, Error> {
    let (id, connection) = workspace.config.connection(id)?;
    let tried = Database::open(app, workspace, python, id, connection).and_then(|database| {
        let tables = database.snapshot(jiff::Timestamp::now())?.tables.len();
        Ok((tables, database.access()))
    });
    app.interrupt.check()?;
    let mut result = ConnectionTest {
        id: id.to_string(),
        connection_type: connection.driver.as_str().to_owned(),
        ok: tried.is_ok(),
        table_count: 0,
        message: String::new(),
        warnings: Vec::new(),
        grants: Vec::new(),
    };
    match tried {
        Ok((count, access)) => {
            result.table_count = count;
            result.message = format!("Connected to {id}: {count} tables");
            match access {
                Ok(access) => {
                    result.warnings.extend(access.warning);
                    result.grants = access.grants;
                }
                // The connection works; what its role may do is an addition.
                Err(error) => {
                    let warning = format!("failed to ask whether the role of `{id}` could write: {error}");
                    result.warnings.push(warning);
                }
            }
        }
        Err(error) => {
            result.message = error.to_string();
            result.warnings.extend(error.hint());
        }
    }
    Ok(result)
}
