//! The databases behind connections: SQLite files opened here, servers asked through the daemon.

use std::sync::mpsc;
use std::time::Duration;

use ktx_project::ConnectionId;
use ktx_project::config::{Connection, Driver};
use ktx_project::scan::RelationshipProbe;
use ktx_project::snapshot::{Scope, Snapshot};
use ktx_project::warehouse::{Rows, Sqlite, WarehouseError};

use crate::hint::Hinted;
use crate::session::Session;
use crate::workspace::Workspace;

/// How often a running query looks whether Ctrl-C was pressed.
const INTERRUPT_POLL: Duration = Duration::from_millis(20);

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
