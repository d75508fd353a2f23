//! Listing, testing, adding and removing connections.

use ktx_project::ConnectionId;
use ktx_project::config::{self, Driver, NewConnection};
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
    let item = |id: &ConnectionId, driver: &Driver| ConnectionItem {
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

/// Writes a connection into `ktx.yaml`, whose comments and layout stay. Nothing is opened.
///
/// # Errors
/// When the name is taken, the driver is unknown or lacks its place, or the URL has a password in it.
pub fn add(app: &App, id: &str, new: &NewConnection) -> Result<ConnectionId, Error> {
    let id = ConnectionId::parse(id)?;
    let workspace = Workspace::open(app)?;
    if workspace.config.connections.iter().any(|(known, _)| *known == id) {
        return Err(Error::hinted(
            format!("failed to add `{id}`: ktx.yaml has a connection of that name"),
            format!("take it out first: ktx connection remove {id}"),
        ));
    }
    check(&id, new)?;
    edit(&workspace, "add", &id, |text| {
        config::with_connection(text, &id, new)
    })?;
    Ok(id)
}

/// Takes a connection out of `ktx.yaml`. What was made from it stays.
///
/// # Errors
/// When there is no such connection.
pub fn remove(app: &App, id: &str) -> Result<ConnectionId, Error> {
    let workspace = Workspace::open(app)?;
    let id = workspace.config.connection(id)?.0.clone();
    edit(&workspace, "remove", &id, |text| {
        config::without_connection(text, &id)
    })?;
    Ok(id)
}

fn check(id: &ConnectionId, new: &NewConnection) -> Result<(), Error> {
    let refused =
        |reason: &str, hint: &str| Err(Error::hinted(format!("failed to add `{id}`: {reason}"), hint));
    let driver = Driver::parse(&new.driver);
    match (&driver, &new.url, &new.path) {
        (Driver::Other(_), ..) => refused(
            &driver.refusal(),
            &format!("there are drivers for {}", Driver::SUPPORTED),
        ),
        (Driver::Duckdb | Driver::Sqlite, None, None) => {
            refused(&format!("{} needs a file", driver.as_str()), "pass --path FILE")
        }
        (Driver::Clickhouse | Driver::Mysql | Driver::Postgres, None, _) => refused(
            &format!("{} needs a URL", driver.as_str()),
            "set an environment variable to it, and pass --url env:NAME",
        ),
        (_, Some(url), _) if has_password(url) => refused(
            "the URL has a password, which would be readable in ktx.yaml",
            "set an environment variable to it, and pass --url env:NAME",
        ),
        _ => Ok(()),
    }
}

/// `scheme://user:password@…`, or `password=` among the settings.
fn has_password(url: &str) -> bool {
    let credentials = url
        .split_once("://")
        .and_then(|(_, rest)| Some(rest.rsplit_once('@')?.0));
    credentials.is_some_and(|credentials| credentials.contains(':'))
        || url.to_lowercase().contains("password=")
}

fn edit(
    workspace: &Workspace,
    verb: &str,
    id: &ConnectionId,
    change: impl Fn(&str) -> Option<String>,
) -> Result<(), Error> {
    let path = workspace.folder.config_path();
    let read = fs_err::read_to_string(&path).map_err(|error| ktx_project::Error::io("read", &path, error))?;
    let edited = change(&read).ok_or_else(|| {
        Error::hinted(
            format!(
                "failed to {verb} `{id}`: `connections` of `{}` is not written as an indented map",
                path.display()
            ),
            "write its keys on separate lines, and run the command again",
        )
    })?;
    ktx_project::files::write_if_changed(&path, edited.as_bytes())?;
    Ok(())
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
