//! The demo project: Orbit, a company that sells software to companies. Text files are packaged; the warehouse is
//! generated from a fixed seed, so that every installation has the same rows and nothing binary is shipped.

mod company;
mod customers;
mod files;
mod random;
mod work;

use std::path::Path;

use ktx_system::files::{Access, NewFile};
use rusqlite::Connection;

use crate::folder::Folder;
use crate::{Error, files as disk};

pub use files::SOURCES;

/// The one connection of the demo.
pub const CONNECTION: &str = "orbit_demo";

const DATABASE: &str = "demo.db";

/// A table of the generated warehouse and how many rows it got.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableRows {
    pub name: String,
    pub rows: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupied {
    /// Nothing is there, or an empty folder.
    Free,
    /// A demo project of an earlier run.
    Demo,
    /// Other files.
    Foreign,
}

/// What is in the demo's folder.
pub fn occupied(folder: &Folder) -> Occupied {
    if fs_err::read_to_string(folder.config_path()).is_ok_and(|text| text.starts_with(files::CONFIG_START)) {
        return Occupied::Demo;
    }
    match fs_err::read_dir(folder.dir()).is_ok_and(|mut entries| entries.next().is_some()) {
        true => Occupied::Foreign,
        false => Occupied::Free,
    }
}

/// Files of the demo that are not as they were made, from the project folder.
pub fn edited(folder: &Folder) -> Result<Vec<String>, Error> {
    let differs = |path: &str, made: &[u8]| -> Result<bool, Error> {
        let file = folder.dir().join(path);
        match fs_err::read(&file) {
            Ok(content) => Ok(content != made),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("read", &file, error)),
        }
    };
    let mut edited = Vec::new();
    for (path, text) in files::all() {
        if differs(&path, text.as_bytes())? {
            edited.push(path);
        }
    }
    if folder.dir().join(DATABASE).is_file() {
        let made = NewFile::create(folder.dir().join(DATABASE), Access::Readable)?;
        generate(made.unfinished_path()).map_err(|error| Error::State {
            path: folder.dir().join(DATABASE),
            source: error.into(),
        })?;
        let content = fs_err::read(made.unfinished_path())
            .map_err(|error| Error::io("read", made.unfinished_path(), error))?;
        if differs(DATABASE, &content)? {
            edited.push(DATABASE.to_owned());
        }
    }
    Ok(edited)
}

/// Writes the project and its warehouse; files of an earlier demo are overwritten.
pub fn seed(folder: &Folder) -> Result<Vec<TableRows>, Error> {
    folder.initialize_files()?;
    for (path, text) in files::all() {
        disk::write(&folder.dir().join(path), text.as_bytes())?;
    }
    let database = folder.dir().join(DATABASE);
    let staged = NewFile::create(&database, Access::Readable)?;
    let rows = generate(staged.unfinished_path()).map_err(|error| Error::State {
        path: database.clone(),
        source: error.into(),
    })?;
    staged.commit()?;
    Ok(rows)
}

/// The order matters twice: a table refers only to earlier ones, and each draws from the generator in turn.
fn generate(path: &Path) -> rusqlite::Result<Vec<TableRows>> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "off")?;
    let transaction = connection.transaction()?;
    let mut random = random::Random::seeded(20_260_101);
    company::write(&transaction, &mut random)?;
    let accounts = customers::write(&transaction, &mut random)?;
    work::write(&transaction, &mut random, &accounts)?;
    let rows = count(&transaction)?;
    transaction.commit()?;
    Ok(rows)
}

fn count(connection: &Connection) -> rusqlite::Result<Vec<TableRows>> {
    let mut names =
        connection.prepare("select name from sqlite_schema where type = 'table' order by name")?;
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let rows = |name: String| {
        let rows: usize = connection
            .query_row(&format!("select count(*) from {name}"), [], |row| {
                row.get::<_, i64>(0)
            })?
            .unsigned_abs() as usize;
        Ok(TableRows { name, rows })
    };
    names.into_iter().map(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::generate;

    #[test]
    fn the_same_seed_gives_the_same_rows_and_every_key_has_its_row() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (first, second) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let rows = generate(&first).expect("generates");
        assert_eq!(rows, generate(&second).expect("generates again"));
        assert_eq!(
            fs_err::read(&first).expect("reads"),
            fs_err::read(&second).expect("reads")
        );
        let total: usize = rows.iter().map(|table| table.rows).sum();
        assert!((10_000..=25_000).contains(&total), "{total} rows: {rows:?}");
        let connection = rusqlite::Connection::open(&first).expect("opens");
        let orphans: i64 = connection
            .query_row("select count(*) from pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .expect("checks");
        assert_eq!(orphans, 0);
    }
}
