//! `.ktx/db.sqlite`: runs with their reports, and what search remembers. Losing it loses no work.
//!
//! Two processes may use it at once: write-ahead logging, a busy timeout, and every change in one transaction.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::folder::Folder;
use crate::{Error, files};

/// Longer than any transaction of ours takes; a process that waits longer waits for something that hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Raised with every change of the tables below.
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
create table runs (
    id text primary key, kind text not null, connection text not null, adapter text not null,
    status text not null, sync_id text, report text, started_at text not null, sequence integer not null
);
create table embeddings (model text not null, digest text not null, vector text not null, primary key (model, digest));
create virtual table sources using fts5(connection unindexed, name, words, digest unindexed, tokenize = 'porter unicode61');
";

pub struct State {
    connection: Connection,
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    Scan,
    Ingest,
}

/// A run as the state remembers it; `report` is the JSON that the run's command writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: String,
    pub connection: String,
    pub adapter: String,
    pub status: String,
    pub sync_id: Option<String>,
    pub report: Option<String>,
}

impl RunKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Ingest => "ingest",
        }
    }
}

impl State {
    pub fn open(folder: &Folder) -> Result<Self, Error> {
        let path = folder.state_path();
        if let Some(parent) = path.parent() {
            files::make_folder(parent)?;
        }
        let failed = |error: rusqlite::Error| Error::State {
            path: path.clone(),
            source: error.into(),
        };
        let mut connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        // Switching the journal takes a lock that does not wait: only the first process needs to.
        let journal: String = connection
            .query_row("pragma journal_mode", [], |row| row.get(0))
            .map_err(failed)?;
        if journal != "wal" {
            let _ = connection.query_row("pragma journal_mode = wal", [], |_| Ok(()));
        }
        connection
            .pragma_update(None, "synchronous", "normal")
            .map_err(failed)?;
        migrate(&mut connection).map_err(failed)?;
        Ok(Self { connection, path })
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        Error::State {
            path: self.path.clone(),
            source: error.into(),
        }
    }

    /// Records a run that begins now and gives its id: `local-` and the milliseconds in base 36, one later when
    /// another process began in the same millisecond.
    pub fn begin(
        &mut self,
        kind: RunKind,
        connection: &str,
        adapter: &str,
        now: Timestamp,
    ) -> Result<String, Error> {
        let mut milliseconds = now.as_millisecond();
        loop {
            let id = run_id(milliseconds);
            let inserted = self.connection.execute(
                "insert or ignore into runs (id, kind, connection, adapter, status, started_at, sequence)
                 values (?1, ?2, ?3, ?4, 'running', ?5, ?6)",
                params![
                    id,
                    kind.as_str(),
                    connection,
                    adapter,
                    now.to_string(),
                    milliseconds
                ],
            );
            match inserted.map_err(|error| self.failed(error))? {
                0 => milliseconds += 1,
                _ => return Ok(id),
            }
        }
    }

    pub fn finish(
        &self,
        id: &str,
        status: &str,
        sync_id: Option<&str>,
        report: Option<&str>,
    ) -> Result<(), Error> {
        let update = "update runs set status = ?2, sync_id = ?3, report = ?4 where id = ?1";
        self.connection
            .execute(update, params![id, status, sync_id, report])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    pub fn run(&self, kind: RunKind, id: &str) -> Result<Option<Run>, Error> {
        let query =
            "select id, connection, adapter, status, sync_id, report from runs where kind = ?1 and id = ?2";
        let row = self
            .connection
            .query_row(query, params![kind.as_str(), id], read_run)
            .optional();
        row.map_err(|error| self.failed(error))
    }

    pub fn latest(&self, kind: RunKind) -> Result<Option<Run>, Error> {
        let query = "select id, connection, adapter, status, sync_id, report from runs
            where kind = ?1 and report is not null order by sequence desc limit 1";
        let row = self
            .connection
            .query_row(query, params![kind.as_str()], read_run)
            .optional();
        row.map_err(|error| self.failed(error))
    }

    /// One change that happens whole or not at all, also beside other processes.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| Error::State {
            path: path.clone(),
            source: error.into(),
        };
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let result = work(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(result)
    }
}

pub fn run_id(milliseconds: i64) -> String {
    let mut rest = milliseconds.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    format!("local-{}", digits.into_iter().rev().collect::<String>())
}

/// `YYYY-MM-DD-HHMMSS-<run id>`, in UTC: sorts by time.
pub fn sync_id(now: Timestamp, run: &str) -> String {
    format!("{}-{run}", now.strftime("%Y-%m-%d-%H%M%S"))
}

fn read_run(row: &rusqlite::Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get(0)?,
        connection: row.get(1)?,
        adapter: row.get(2)?,
        status: row.get(3)?,
        sync_id: row.get(4)?,
        report: row.get(5)?,
    })
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version =
        |connection: &Connection| connection.query_row("pragma user_version", [], |row| row.get::<_, i64>(0));
    if version(connection)? == SCHEMA_VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made the tables while this one waited for the lock.
    if version(&transaction)? == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::{RunKind, State, run_id, sync_id};
    use crate::Folder;

    #[test]
    fn two_runs_in_one_millisecond_have_two_ids() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::at(dir.path());
        let now = "2031-01-01T00:00:00Z".parse().expect("a time");
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let folder = folder.clone();
                std::thread::spawn(move || {
                    let mut state = State::open(&folder).expect("opens while others open it too");
                    (0..10)
                        .map(|_| state.begin(RunKind::Scan, "wh", "fake", now).expect("begins"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut ids: Vec<String> = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("joins"))
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 40);
    }

    #[test]
    fn ids_are_the_milliseconds_in_base_36() {
        assert_eq!(run_id(35), "local-z");
        assert_eq!(run_id(36), "local-10");
        let now = "2031-01-01T00:00:00Z".parse().expect("a time");
        assert_eq!(sync_id(now, "local-m1x2"), "2031-01-01-000000-local-m1x2");
    }
}
