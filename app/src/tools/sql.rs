//! Runs one reading statement on a connection.

use ktx_project::ConnectionId;
use ktx_project::config::Driver;
use ktx_project::warehouse::{WarehouseError, is_read_only_text};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::databases::{Database, require_readonly};
use crate::{App, Error, Python, Workspace};

/// More rows than this are too many for a program that reads them as text.
pub const MAX_ROWS: u64 = 1000;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SqlResult {
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub total_rows: usize,
    pub command: &'static str,
    pub row_count: usize,
    /// There are more rows.
    #[serde(skip)]
    pub truncated: bool,
}

/// `sql.execute`.
pub fn execute(
    app: &App,
    python: &Python,
    connection: &str,
    sql: &str,
    max_rows: u64,
) -> Result<SqlResult, Error> {
    check_cap(max_rows)?;
    let workspace = Workspace::open(app)?;
    let (id, _) = workspace.config.connection(connection)?;
    let rows = database(app, &workspace, python, id, sql)?.query(sql, max_rows)?;
    let count = rows.rows.len();
    Ok(SqlResult {
        headers: rows.headers,
        rows: rows.rows,
        total_rows: count,
        command: "SELECT",
        row_count: count,
        truncated: rows.truncated,
    })
}

/// The cap that programs may ask for.
pub fn check_cap(max_rows: u64) -> Result<(), Error> {
    if max_rows > MAX_ROWS {
        return Err(Error::hinted(
            format!("maxRows must be less than or equal to {MAX_ROWS}."),
            format!("pass --max-rows {MAX_ROWS} or less"),
        ));
    }
    Ok(())
}

/// The database of a connection that is marked read-only, for one reading statement.
pub fn database<'a>(
    app: &'a App,
    workspace: &'a Workspace,
    python: &'a Python,
    id: &'a ConnectionId,
    sql: &str,
) -> Result<Database<'a>, Error> {
    let (_, connection) = workspace.config.connection(id.as_str())?;
    if matches!(connection.driver, Driver::Other(_)) {
        return Err(Error::hinted(
            format!(
                "No local query executor is configured for driver \"{}\".",
                connection.driver.as_str()
            ),
            format!(
                "{}; there are drivers for {}",
                connection.driver.refusal(),
                Driver::SUPPORTED
            ),
        ));
    }
    require_readonly(id, connection, "Local query execution")?;
    if !is_read_only_text(sql) {
        return Err(WarehouseError::NotReadOnly.into());
    }
    Database::open(app, workspace, python, id, connection)
}
