//! The tables and views of a SQLite file as a snapshot: three statements for all its tables, and two for each view.

use std::collections::BTreeMap;

use super::{Sqlite, WarehouseError, quoted};
use crate::SqliteError;
use crate::snapshot::{ForeignKey, SnapshotColumn, Table, TableKind, Unseen};

/// Shadow tables of virtual tables and SQLite's own are not tables of the user's.
const TABLES: &str =
    "select name, type from pragma_table_list where schema = 'main' and type in ('table', 'virtual', 'view')
    and name not like 'sqlite\\_%' escape '\\' order by name";

/// Hidden columns (1) belong to virtual tables; generated ones (2, 3) are columns like any other.
const COLUMNS: &str = "select t.name, c.name, c.type, c.\"notnull\", c.pk
    from pragma_table_list t join pragma_table_xinfo(t.name) c
    where t.schema = 'main' and t.type in ('table', 'virtual') and c.hidden <> 1 order by t.name, c.cid";

/// One view at a time: a view over a table that is gone fails its own statement.
const VIEW_COLUMNS: &str = "select name, type, \"notnull\" from pragma_table_xinfo(?1) order by cid";

const FOREIGN_KEYS: &str = "select t.name, f.\"from\", f.\"table\", f.\"to\", f.id, f.seq
    from pragma_table_list t join pragma_foreign_key_list(t.name) f
    where t.schema = 'main' and t.type = 'table' order by t.name, f.id, f.seq";

impl Sqlite {
    /// Its tables and views, and the views that cannot be read.
    pub fn tables(&self) -> Result<(Vec<Table>, Vec<Unseen>), WarehouseError> {
        self.read_tables().map_err(|error| self.failed(error))
    }

    fn read_tables(&self) -> rusqlite::Result<(Vec<Table>, Vec<Unseen>)> {
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        let mut unseen = Vec::new();
        let mut names = self.connection.prepare(TABLES)?;
        let mut rows = names.query([])?;
        while let Some(row) = rows.next()? {
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            if kind == "view" {
                match self.read_view(&name) {
                    Ok(view) => drop(tables.insert(name, view)),
                    Err(error)
                        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
                    {
                        return Err(error);
                    }
                    Err(error) => unseen.push(Unseen {
                        code: "view_skipped".to_owned(),
                        message: format!("the view cannot be read: {}", SqliteError::from(error)),
                        table: Some(name),
                    }),
                }
            } else {
                tables.insert(name.clone(), empty_table(name, TableKind::Table));
            }
        }
        let mut columns = self.connection.prepare(COLUMNS)?;
        let mut rows = columns.query([])?;
        while let Some(row) = rows.next()? {
            let (table, not_null, key): (String, bool, i64) = (row.get(0)?, row.get(3)?, row.get(4)?);
            let Some(table) = tables.get_mut(&table) else {
                continue;
            };
            let native: String = row.get(2)?;
            table.columns.push(SnapshotColumn::new(
                row.get(1)?,
                native,
                !not_null && key == 0,
                key > 0,
                None,
            ));
        }
        self.read_foreign_keys(&mut tables)?;
        Ok((tables.into_values().collect(), unseen))
    }

    fn read_view(&self, name: &str) -> rusqlite::Result<Table> {
        // Only preparing it shows whether its tables are still there.
        self.connection
            .prepare(&format!("select * from {}", quoted(name)))?;
        let mut view = empty_table(name.to_owned(), TableKind::View);
        let mut columns = self.connection.prepare(VIEW_COLUMNS)?;
        let mut rows = columns.query([name])?;
        while let Some(row) = rows.next()? {
            let (column, native, not_null): (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
            view.columns
                .push(SnapshotColumn::new(column, native, !not_null, false, None));
        }
        Ok(view)
    }

    fn read_foreign_keys(&self, tables: &mut BTreeMap<String, Table>) -> rusqlite::Result<()> {
        let mut keys = self.connection.prepare(FOREIGN_KEYS)?;
        let mut rows = keys.query([])?;
        let mut found: Vec<(String, ForeignKey)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (table, target): (String, String) = (row.get(0)?, row.get(2)?);
            // A key that names no column means the target's primary key, column by column.
            let named: Option<String> = row.get(3)?;
            let position: u32 = row.get(5)?;
            let target_key = || {
                let target = tables
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(&target))
                    .map(|(_, table)| table)?;
                target
                    .columns
                    .iter()
                    .filter(|column| column.primary_key)
                    .nth(position as usize)
                    .map(|c| c.name.clone())
            };
            let Some(to_column) = named.or_else(target_key) else {
                continue;
            };
            let key = ForeignKey {
                from_column: row.get(1)?,
                to_catalog: None,
                to_db: None,
                to_table: target,
                to_column,
                constraint_name: None,
            };
            found.push((table, key));
        }
        for (table, key) in found {
            if let Some(table) = tables.get_mut(&table) {
                table.foreign_keys.push(key);
            }
        }
        Ok(())
    }
}

fn empty_table(name: String, kind: TableKind) -> Table {
    Table {
        catalog: None,
        db: None,
        name,
        kind,
        comment: None,
        estimated_rows: None,
        columns: Vec::new(),
        foreign_keys: Vec::new(),
    }
}
