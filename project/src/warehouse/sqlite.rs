//! SQLite files, opened so that nothing can be written to them.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, InterruptHandle, OpenFlags, Statement};
use serde_json::Value;

use super::{Rows, TextFormat, WarehouseError, is_read_only_text};

/// How long to wait for another program's write lock. Longer than a commit takes, short enough not to look hung.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Sqlite {
    pub(super) connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    pub fn open(path: &Path) -> Result<Self, WarehouseError> {
        let shown = path.display().to_string();
        if !path.exists() {
            return Err(WarehouseError::Missing { path: shown });
        }
        let refused = |error: rusqlite::Error| WarehouseError::Open {
            path: shown.clone(),
            source: error.into(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
        let warehouse = Self {
            connection,
            path: path.to_owned(),
        };
        let ready = warehouse
            .connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| warehouse.connection.pragma_update(None, "query_only", true))
            .and_then(|()| {
                warehouse
                    .connection
                    .query_row("select count(*) from sqlite_schema", [], |_| Ok(()))
            });
        ready.map_err(refused)?;
        Ok(warehouse)
    }

    /// Ends a running query from another thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    /// Runs one reading statement and takes at most `cap` rows.
    pub fn query(&self, sql: &str, cap: Option<u64>) -> Result<Rows, WarehouseError> {
        let mut statement = self.prepared(sql)?;
        take_rows(&mut statement, cap).map_err(|error| self.failed(error))
    }

    /// Runs one reading statement and writes its rows as they come: these columns of it, or all. Returns their number.
    pub fn export(
        &self,
        sql: &str,
        places: Option<&[usize]>,
        format: TextFormat,
        output: &mut dyn Write,
    ) -> Result<u64, WarehouseError> {
        let mut statement = self.prepared(sql)?;
        let all: Vec<usize> = (0..statement.column_count()).collect();
        let places = places.unwrap_or(&all);
        let headers = places
            .iter()
            .map(|place| statement.column_name(*place).map(str::to_owned));
        let headers: Vec<String> = headers
            .collect::<rusqlite::Result<_>>()
            .map_err(|error| self.failed(error))?;
        let twice = headers
            .iter()
            .find(|name| headers.iter().filter(|other| other == name).count() > 1);
        if let (TextFormat::JsonLines, Some(name)) = (format, twice) {
            return Err(WarehouseError::NamedTwice { name: name.clone() });
        }
        let mut output = BufWriter::new(output);
        let mut write = |text: String| output.write_all(text.as_bytes()).map_err(WarehouseError::Write);
        write(format.head(&headers))?;
        let mut rows = statement.query([]).map_err(|error| self.failed(error))?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            let values = places.iter().map(|place| Ok(json_of(row.get_ref(*place)?)));
            let values = values
                .collect::<rusqlite::Result<_>>()
                .map_err(|error| self.failed(error))?;
            write(format.line(&headers, values))?;
            count += 1;
        }
        output.flush().map_err(WarehouseError::Write)?;
        Ok(count)
    }

    fn prepared(&self, sql: &str) -> Result<Statement<'_>, WarehouseError> {
        if !is_read_only_text(sql) {
            return Err(WarehouseError::NotReadOnly);
        }
        let mut batch = Batch::new(&self.connection, sql);
        let statement = match batch.next().map_err(|error| self.failed(error))? {
            Some(statement) if statement.readonly() => statement,
            _ => return Err(WarehouseError::NotReadOnly),
        };
        if !matches!(batch.next(), Ok(None)) {
            return Err(WarehouseError::NotReadOnly);
        }
        Ok(statement)
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> WarehouseError {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
            return WarehouseError::Interrupted;
        }
        WarehouseError::Query {
            path: self.path.display().to_string(),
            source: error.into(),
        }
    }
}

fn take_rows(statement: &mut Statement<'_>, cap: Option<u64>) -> rusqlite::Result<Rows> {
    let headers: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut taken = Rows {
        headers,
        rows: Vec::new(),
        truncated: false,
    };
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if cap.is_some_and(|cap| taken.rows.len() as u64 >= cap) {
            taken.truncated = true;
            break;
        }
        let values = (0..taken.headers.len()).map(|column| Ok(json_of(row.get_ref(column)?)));
        taken.rows.push(values.collect::<rusqlite::Result<_>>()?);
    }
    Ok(taken)
}

/// Blobs are base64, as the daemon gives them; a number that JSON has no way to write is null.
fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Sqlite, WarehouseError};

    fn shop() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("shop.db");
        let writer = rusqlite::Connection::open(&path).expect("creates");
        writer
            .execute_batch(
                "create table t (a, b); insert into t values (1, 'x'), (2.5, x'00ff'), (null, 'z')",
            )
            .expect("fills");
        let warehouse = Sqlite::open(&path).expect("opens");
        (folder, warehouse)
    }

    #[test]
    fn takes_no_more_rows_than_the_cap_and_says_so() {
        let (_folder, shop) = shop();
        let all = shop.query("select a, b from t", Some(3)).expect("queries");
        assert_eq!(
            serde_json::to_string(&all.rows).expect("json"),
            r#"[[1,"x"],[2.5,"AP8="],[null,"z"]]"#
        );
        assert!(!all.truncated);
        let some = shop.query("select a from t;", Some(2)).expect("queries");
        assert_eq!((some.rows.len(), some.truncated), (2, true));
    }

    #[test]
    fn refuses_whatever_writes_or_hides_a_second_statement() {
        let (_folder, shop) = shop();
        for sql in [
            "delete from t",
            "select 1; delete from t",
            "with a as (select 1) insert into t select 1, 2 from a",
            "select 1; select 2",
            "",
        ] {
            assert!(
                matches!(shop.query(sql, None), Err(WarehouseError::NotReadOnly)),
                "{sql:?}"
            );
        }
        assert_eq!(
            shop.query("select count(*) from t", None).expect("queries").rows[0][0],
            3
        );
    }

    #[test]
    fn names_the_file_that_is_missing_or_no_database() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = folder.path().join("text.db");
        fs_err::write(&text, "certainly no database, and long enough to be looked at").expect("writes");
        for (file, hint) in [("gone.db", "check `path`"), ("text.db", "not a SQLite database")] {
            let error = Sqlite::open(&folder.path().join(file)).err().expect("refused");
            assert!(error.to_string().contains(file), "{error}");
            assert!(error.hint().expect("a hint").contains(hint), "{error}");
        }
    }
}
