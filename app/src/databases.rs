//! The databases behind connections: SQLite files opened here, all others through the daemon. Commands use
//! both alike.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ktx_project::ConnectionId;
use ktx_project::config::{Connection, Driver};
use ktx_project::scan::RelationshipProbe;
use ktx_project::snapshot::{Scope, Snapshot, Unseen};
use ktx_project::warehouse::{Rows, Sqlite, WarehouseError};
use ktx_runtime::ports::{
    self, AccessRequest, DatabaseAccess, DatabasePlace, ExportRequest, IntrospectionRequest, PlaceKind,
    QueryRequest,
};
use ktx_runtime::{Feature, FeatureSet};
use ktx_system::files::NewFile;
use serde_json::Value;

use crate::destination::ExportFormat;
use crate::introspected::table_of;
use crate::{App, Error, Python, Workspace};

/// How often a running statement checks for Ctrl-C and for its time limit.
const POLL: Duration = Duration::from_millis(20);

/// A statement that runs longer holds up other people's work on that database.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Rows of one statement of counts.
const MOST_COUNTS: u64 = 1000;

/// Millions of rows take a long time, and a user who writes them to a file expects to wait.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// One connection's database, open for reading.
pub struct Database<'a> {
    app: &'a App,
    id: &'a ConnectionId,
    connection: &'a Connection,
    python: &'a Python,
    /// `KTX_STATEMENT_TIMEOUT_MS`, for warehouses that are slow on purpose.
    timeout: Option<Duration>,
    access: Access,
}

enum Access {
    File(Sqlite),
    /// Through the daemon, which has the drivers.
    Service {
        feature: Feature,
        place: DatabasePlace,
    },
}

impl<'a> Database<'a> {
    /// Opens a file; a server is not contacted yet.
    ///
    /// # Errors
    /// When the driver is not supported, or the file cannot be opened.
    pub fn open(
        app: &'a App,
        workspace: &'a Workspace,
        python: &'a Python,
        id: &'a ConnectionId,
        connection: &'a Connection,
    ) -> Result<Self, Error> {
        let access = match &connection.driver {
            Driver::Sqlite => {
                let file = connection.database_file(id, workspace.folder.dir(), &app.environment)?;
                Access::File(Sqlite::open(&file)?)
            }
            Driver::Postgres => Access::Service {
                place: DatabasePlace {
                    driver: "postgres",
                    at: PlaceKind::Url(server_url(app, id, connection)?),
                },
                feature: Feature::Core,
            },
            Driver::Mysql => Access::Service {
                place: DatabasePlace {
                    driver: "mysql",
                    at: PlaceKind::Url(server_url(app, id, connection)?),
                },
                feature: Feature::Mysql,
            },
            Driver::Clickhouse => Access::Service {
                place: DatabasePlace {
                    driver: "clickhouse",
                    at: PlaceKind::Url(server_url(app, id, connection)?),
                },
                feature: Feature::Clickhouse,
            },
            Driver::Duckdb => {
                let file = connection.database_file(id, workspace.folder.dir(), &app.environment)?;
                let file = std::path::absolute(&file).map_err(|error| {
                    Error::refused(format!("failed to find `{}`: {error}", file.display()))
                })?;
                Access::Service {
                    place: DatabasePlace {
                        driver: "duckdb",
                        at: PlaceKind::Path(file.display().to_string()),
                    },
                    feature: Feature::Duckdb,
                }
            }
            driver @ Driver::Other(_) => return Err(unsupported(driver)),
        };
        let timeout = app
            .environment
            .text("KTX_STATEMENT_TIMEOUT_MS")
            .and_then(|text| text.parse().ok())
            .map(Duration::from_millis);
        Ok(Self {
            app,
            python,
            id,
            connection,
            timeout,
            access,
        })
    }

    /// Its tables.
    pub fn snapshot(&self, now: Timestamp) -> Result<Snapshot, Error> {
        match &self.access {
            Access::File(file) => {
                let (tables, unseen) = self.watched(file, self.timeout(), Sqlite::tables)?;
                Ok(Snapshot {
                    connection_id: self.id.to_string(),
                    driver: Driver::Sqlite.as_str().to_owned(),
                    extracted_at: now.to_string(),
                    scope: Scope::default(),
                    metadata: serde_json::json!({"driver": "sqlite"}),
                    tables,
                    unseen,
                })
            }
            Access::Service { feature, place } => self.service_snapshot(*feature, place, now),
        }
    }

    /// Whether the role of the connection could write. A file is opened for reading only.
    pub fn access(&self) -> Result<DatabaseAccess, Error> {
        match &self.access {
            Access::File(_) => Ok(DatabaseAccess::default()),
            Access::Service { feature, place } => {
                let request = AccessRequest {
                    connection_id: self.id.to_string(),
                    place: place.clone(),
                    schemas: self.schemas(),
                    statement_timeout_ms: milliseconds(self.timeout()),
                };
                Ok(ports::database_access(
                    &self.python.database(&(*feature).into())?,
                    &request,
                )?)
            }
        }
    }

    /// None leaves the choice to the driver: `main` of DuckDB, the database in the URL of MySQL.
    fn schemas(&self) -> Option<Vec<String>> {
        match self.connection.schemas.is_empty() {
            true if self.connection.driver == Driver::Postgres => Some(vec!["public".to_owned()]),
            true => None,
            false => Some(self.connection.schemas.clone()),
        }
    }

    fn service_snapshot(
        &self,
        feature: Feature,
        place: &DatabasePlace,
        now: Timestamp,
    ) -> Result<Snapshot, Error> {
        let request = IntrospectionRequest {
            connection_id: self.id.to_string(),
            place: place.clone(),
            schemas: self.schemas(),
            statement_timeout_ms: milliseconds(self.timeout()),
            connection_timeout_seconds: 5,
        };
        let found = ports::introspect(&self.python.database(&feature.into())?, &request)?;
        let chosen = found.metadata.get("schemas").and_then(Value::as_array);
        let chosen = chosen.into_iter().flatten().filter_map(Value::as_str);
        let schemas = self
            .schemas()
            .unwrap_or_else(|| chosen.map(str::to_owned).collect());
        Ok(Snapshot {
            connection_id: self.id.to_string(),
            driver: self.connection.driver.as_str().to_owned(),
            extracted_at: found.extracted_at.unwrap_or_else(|| now.to_string()),
            scope: Scope { schemas },
            metadata: found.metadata.into(),
            tables: found.tables.into_iter().map(table_of).collect(),
            unseen: found
                .warnings
                .into_iter()
                .map(|warning| Unseen {
                    code: warning.code,
                    message: warning.message,
                    table: warning.table,
                })
                .collect(),
        })
    }

    /// Runs one reading statement and takes at most `cap` rows. Ctrl-C and the time limit end it.
    pub fn query(&self, sql: &str, cap: u64) -> Result<Rows, Error> {
        match &self.access {
            Access::File(file) => self.watched(file, self.timeout(), |file| file.query(sql, Some(cap))),
            Access::Service { feature, place } => {
                let request = QueryRequest {
                    connection_id: self.id.to_string(),
                    place: place.clone(),
                    sql: sql.to_owned(),
                    max_rows: cap,
                    statement_timeout_ms: milliseconds(self.timeout()),
                    allowed_functions: self.connection.allowed_functions.clone(),
                };
                let answer = ports::query_database(&self.python.database(&(*feature).into())?, &request)?;
                Ok(Rows {
                    headers: answer.headers,
                    rows: answer.rows,
                    truncated: answer.truncated,
                })
            }
        }
    }

    /// Runs one reading statement and writes its rows to an unfinished file: these columns of it, or all.
    pub fn export(
        &self,
        sql: &str,
        columns: Option<Vec<usize>>,
        format: ExportFormat,
        file: &mut NewFile,
    ) -> Result<u64, Error> {
        let timeout = self.timeout.unwrap_or(EXPORT_TIMEOUT);
        match &self.access {
            Access::File(sqlite) => {
                let Some(format) = format.text() else {
                    return Err(Error::hinted(
                        format!(
                            "failed to write Parquet of `{}`: SQLite columns have no fixed types",
                            self.id
                        ),
                        "write .csv or .jsonl",
                    ));
                };
                self.watched(sqlite, timeout, |sqlite| {
                    sqlite.export(sql, columns.as_deref(), format, file)
                })
            }
            Access::Service { feature, place } => {
                let features = match format {
                    // The engine that writes it for every driver.
                    ExportFormat::Parquet => FeatureSet::from(*feature).union(&Feature::Duckdb.into()),
                    ExportFormat::Csv | ExportFormat::Jsonl => (*feature).into(),
                };
                let request = ExportRequest {
                    connection_id: self.id.to_string(),
                    place: place.clone(),
                    sql: sql.to_owned(),
                    file: file.unfinished_path().to_owned(),
                    format: format.name(),
                    columns,
                    statement_timeout_ms: milliseconds(timeout),
                    allowed_functions: self.connection.allowed_functions.clone(),
                };
                Ok(ports::export_database(
                    &self.python.database(&features)?,
                    &request,
                )?)
            }
        }
    }

    fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(STATEMENT_TIMEOUT)
    }

    fn watched<T>(
        &self,
        file: &Sqlite,
        timeout: Duration,
        work: impl FnOnce(&Sqlite) -> Result<T, WarehouseError>,
    ) -> Result<T, Error> {
        let handle = file.interrupt_handle();
        let deadline = Instant::now() + timeout;
        let interrupt = &self.app.interrupt;
        let (done, waiting) = mpsc::channel::<()>();
        let result = std::thread::scope(|scope| {
            scope.spawn(move || {
                while waiting.recv_timeout(POLL) == Err(mpsc::RecvTimeoutError::Timeout) {
                    if interrupt.raised().is_some() || Instant::now() >= deadline {
                        handle.interrupt();
                    }
                }
            });
            let result = work(file);
            drop(done);
            result
        });
        interrupt.check()?;
        match result {
            Err(WarehouseError::Interrupted) => Err(Error::hinted(
                format!(
                    "failed to run the query on `{}`: it took longer than {} s and was ended",
                    self.id,
                    timeout.as_secs_f64()
                ),
                "ask for less, or set KTX_STATEMENT_TIMEOUT_MS to a longer time",
            )),
            result => Ok(result?),
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl RelationshipProbe for Database<'_> {
    type Error = Error;

    fn counts(&mut self, sql: &str) -> Result<Result<Vec<[u64; 3]>, String>, Error> {
        let rows = match self.query(sql, MOST_COUNTS) {
            Ok(found) => found.rows,
            Err(error) if error.is_of_the_statement() => return Ok(Err(error.to_string())),
            Err(error) => return Err(error),
        };
        let numbers = rows.iter().filter_map(|row| {
            let numbers: Vec<u64> = row.iter().filter_map(Value::as_u64).collect();
            numbers.try_into().ok()
        });
        Ok(Ok(numbers.collect()))
    }

    fn progress(&mut self, answered: usize, all: usize) -> Result<(), Error> {
        self.app.desk.progress(&format!(
            "comparing values of columns with keys: {answered} of {all}"
        ));
        Ok(self.app.interrupt.check()?)
    }

    fn quoted(&self, name: &str) -> String {
        self.connection.driver.quoted(name)
    }
}

/// What every command that reads a database's tables requires of its connection.
pub fn require_readonly(id: &ConnectionId, connection: &Connection, what: &str) -> Result<(), Error> {
    if connection.readonly {
        return Ok(());
    }
    Err(Error::hinted(
        format!("{what} requires connections.{id}.readonly: true."),
        format!("add `readonly: true` to `{id}` in ktx.yaml; ktx then opens it for reading only"),
    ))
}

fn server_url(app: &App, id: &ConnectionId, connection: &Connection) -> Result<String, Error> {
    connection.server_url(id, &app.environment)?.ok_or_else(|| {
        Error::hinted(
            format!("Local live-database ingest requires connections.{id}.url."),
            format!("add `url: env:NAME` to `{id}` in ktx.yaml and set that variable"),
        )
    })
}

/// For drivers that the format knows and this program does not.
fn unsupported(driver: &Driver) -> Error {
    Error::hinted(
        format!(
            "Local live-database ingest cannot run driver \"{}\".",
            driver.as_str()
        ),
        format!(
            "{}; there are drivers for {}",
            driver.refusal(),
            Driver::SUPPORTED
        ),
    )
}
