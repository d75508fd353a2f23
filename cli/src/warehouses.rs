//! The databases behind connections: SQLite files opened here, servers asked through the daemon.

use std::sync::mpsc;
use std::time::Duration;

use ktx_project::ConnectionId;
use ktx_project::config::{Connection, Driver};
use ktx_project::scan::RelationshipProbe;
use ktx_project::snapshot::{ForeignKey, Scope, Snapshot, SnapshotColumn, Table, TableKind};
use ktx_project::warehouse::{Rows, Sqlite, WarehouseError};
use ktx_runtime::ports::{
    self, Backend, IntrospectedColumn, IntrospectedForeignKey, IntrospectedTable, IntrospectionRequest,
    QueryRequest,
};

use crate::hint::Hinted;
use crate::python::answered;
use crate::session::Session;
use crate::workspace::Workspace;

/// How often a running query looks whether Ctrl-C was pressed.
const INTERRUPT_POLL: Duration = Duration::from_millis(20);

/// A statement that runs longer holds up people's own work on that server.
const STATEMENT_TIMEOUT_MS: u64 = 30_000;

/// Opens the file of a SQLite connection for reading.
pub fn open_sqlite(
    session: &Session,
    workspace: &Workspace,
    id: &ConnectionId,
    connection: &Connection,
) -> anyhow::Result<Sqlite> {
    let file = connection.database_file(id, workspace.folder.dir(), &session.environment)?;
    Ok(Sqlite::open(&file)?)
}

/// Does something with a database that Ctrl-C ends.
pub fn interruptible<T>(
    session: &Session,
    warehouse: &Sqlite,
    work: impl FnOnce(&Sqlite) -> Result<T, WarehouseError>,
) -> anyhow::Result<T> {
    let handle = warehouse.interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(INTERRUPT_POLL) == Err(mpsc::RecvTimeoutError::Timeout) {
                if session.interrupt.raised().is_some() {
                    handle.interrupt();
                }
            }
        });
        let result = work(warehouse);
        drop(done);
        result
    });
    session.interrupt.check()?;
    Ok(result?)
}

/// Runs one reading statement on a SQLite file.
pub fn query_sqlite(
    session: &Session,
    warehouse: &Sqlite,
    sql: &str,
    cap: Option<u64>,
) -> anyhow::Result<Rows> {
    interruptible(session, warehouse, |warehouse| warehouse.query(sql, cap))
}

/// The tables of a SQLite file.
pub fn sqlite_snapshot(
    session: &Session,
    warehouse: &Sqlite,
    id: &ConnectionId,
    now: jiff::Timestamp,
) -> anyhow::Result<Snapshot> {
    let tables = interruptible(session, warehouse, Sqlite::tables)?;
    Ok(Snapshot {
        connection_id: id.to_string(),
        driver: Driver::Sqlite.as_str().to_owned(),
        extracted_at: now.to_string(),
        scope: Scope::default(),
        metadata: serde_json::json!({"driver": "sqlite"}),
        tables,
    })
}

/// The URL of a server's connection.
pub fn server_url(session: &Session, id: &ConnectionId, connection: &Connection) -> anyhow::Result<String> {
    connection.server_url(id, &session.environment)?.ok_or_else(|| {
        Hinted::error(
            format!("Local live-database ingest requires connections.{id}.url."),
            format!("add `url: env:NAME` to `{id}` in ktx.yaml and set that variable"),
        )
    })
}

/// The tables of a Postgres server.
pub fn server_snapshot(
    session: &Session,
    backend: &Backend,
    id: &ConnectionId,
    connection: &Connection,
    now: jiff::Timestamp,
) -> anyhow::Result<Snapshot> {
    let schemas = match connection.schemas.is_empty() {
        true => vec!["public".to_owned()],
        false => connection.schemas.clone(),
    };
    let request = IntrospectionRequest {
        connection_id: id.to_string(),
        driver: "postgres",
        url: server_url(session, id, connection)?,
        schemas: schemas.clone(),
        statement_timeout_ms: STATEMENT_TIMEOUT_MS,
        connection_timeout_seconds: 5,
    };
    let found = answered(session, ports::introspect(backend, &request))?;
    Ok(Snapshot {
        connection_id: id.to_string(),
        driver: connection.driver.as_str().to_owned(),
        extracted_at: found.extracted_at.unwrap_or_else(|| now.to_string()),
        scope: Scope { schemas },
        metadata: found.metadata.into(),
        tables: found.tables.into_iter().map(table_of).collect(),
    })
}

fn table_of(found: IntrospectedTable) -> Table {
    let column = |column: IntrospectedColumn| {
        SnapshotColumn::new(
            column.name,
            column.native_type,
            column.nullable,
            column.primary_key,
            column.comment,
        )
    };
    let key = |key: IntrospectedForeignKey| ForeignKey {
        from_column: key.from_column,
        to_catalog: None,
        to_db: key.to_db,
        to_table: key.to_table,
        to_column: key.to_column,
        constraint_name: key.constraint_name,
    };
    Table {
        catalog: found.catalog,
        db: found.db,
        name: found.name,
        kind: TableKind::Table,
        comment: found.comment,
        estimated_rows: None,
        columns: found.columns.into_iter().map(column).collect(),
        foreign_keys: found.foreign_keys.into_iter().map(key).collect(),
    }
}

/// Runs one reading statement on a server. Ctrl-C gives up the request, which cancels the statement there.
pub fn query_server(
    session: &Session,
    backend: &Backend,
    id: &ConnectionId,
    url: String,
    sql: &str,
    cap: u64,
) -> anyhow::Result<Rows> {
    let request = QueryRequest {
        connection_id: id.to_string(),
        driver: "postgres",
        url,
        sql: sql.to_owned(),
        max_rows: cap,
        statement_timeout_ms: STATEMENT_TIMEOUT_MS,
    };
    let answer = answered(session, ports::query_database(backend, &request))?;
    Ok(Rows {
        headers: answer.headers,
        rows: answer.rows,
        truncated: answer.truncated,
    })
}

/// Samples values of a server for relationship detection.
pub struct ServerProbe<'s> {
    pub session: &'s Session,
    pub backend: &'s Backend,
    pub id: &'s ConnectionId,
    pub url: String,
}

impl RelationshipProbe for ServerProbe<'_> {
    fn counts(&mut self, sql: &str) -> Result<(u64, u64), String> {
        let rows = query_server(self.session, self.backend, self.id, self.url.clone(), sql, 1);
        counts_of(&rows.map_err(|error| format!("{error:#}"))?.rows)
    }
}

/// What every command that reads a warehouse's tables asks of its connection first.
pub fn require_readonly(id: &ConnectionId, connection: &Connection) -> anyhow::Result<()> {
    if connection.readonly {
        return Ok(());
    }
    Err(Hinted::error(
        format!("Local live-database ingest requires connections.{id}.readonly: true."),
        format!("add `readonly: true` to `{id}` in ktx.yaml; ktx then opens it for reading only"),
    ))
}

/// Samples values of a SQLite file for relationship detection.
pub struct SqliteProbe<'s> {
    pub session: &'s Session,
    pub warehouse: &'s Sqlite,
}

impl RelationshipProbe for SqliteProbe<'_> {
    fn counts(&mut self, sql: &str) -> Result<(u64, u64), String> {
        let rows =
            query_sqlite(self.session, self.warehouse, sql, Some(1)).map_err(|error| error.to_string())?;
        counts_of(&rows.rows)
    }
}

/// The two numbers of a counting statement's only row.
pub fn counts_of(rows: &[Vec<serde_json::Value>]) -> Result<(u64, u64), String> {
    let number = |column: usize| {
        rows.first()
            .and_then(|row| row.get(column))
            .and_then(serde_json::Value::as_u64)
    };
    number(0)
        .zip(number(1))
        .ok_or_else(|| "the sample gave no counts".to_owned())
}
