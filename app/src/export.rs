//! Rows of a statement into a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ktx_project::ConnectionId;
use ktx_runtime::human_bytes;
use ktx_system::files::{Access, NewFile};
use serde::Serialize;

use crate::destination::{Destination, ExportFormat};
use crate::tools::sql;
use crate::{App, Error, Python, Workspace};

/// How often the size of a growing file is reported.
const REPORT: Duration = Duration::from_millis(500);

/// What was written.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    pub file: PathBuf,
    pub format: ExportFormat,
    pub row_count: u64,
    pub bytes: u64,
}

impl fmt::Display for Exported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, size) = (self.row_count, human_bytes(self.bytes));
        let plural = if rows == 1 { "" } else { "s" };
        write!(
            formatter,
            "wrote {rows} row{plural} to `{}` ({size})",
            self.file.display()
        )
    }
}

/// Runs one reading statement and writes its rows: these columns of it, or all. The file appears once it is complete; an
/// existing one is replaced then.
///
/// # Errors
/// When the statement is refused or fails, or the file cannot be written. There is no new file then.
pub fn export(
    app: &App,
    workspace: &Workspace,
    python: &Python,
    id: &ConnectionId,
    sql: &str,
    columns: Option<Vec<usize>>,
    destination: &Destination,
) -> Result<Exported, Error> {
    let database = sql::database(app, workspace, python, id, sql)?;
    let shown = &destination.path;
    let path = std::path::absolute(shown).map_err(|error| ktx_project::Error::io("write", shown, error))?;
    if path.is_dir() {
        return Err(Error::refused(format!(
            "failed to write `{}`: it is a folder",
            shown.display()
        )));
    }
    let mut file = NewFile::create(&path, Access::Readable).map_err(ktx_project::Error::from)?;
    let unfinished = file.unfinished_path().to_owned();
    let row_count = growing(app, &unfinished, shown, || {
        database.export(sql, columns, destination.format, &mut file)
    })?;
    app.interrupt.check()?;
    file.commit().map_err(ktx_project::Error::from)?;
    Ok(Exported {
        file: shown.clone(),
        format: destination.format,
        row_count,
        bytes: fs_err::metadata(&path).map_or(0, |found| found.len()),
    })
}

/// The same of a connection by its name: `sql.execute` into a file.
pub fn export_of(
    app: &App,
    python: &Python,
    connection: &str,
    sql: &str,
    destination: &Destination,
) -> Result<Exported, Error> {
    let workspace = Workspace::open(app)?;
    let (id, _) = workspace.config.connection(connection)?;
    export(app, &workspace, python, id, sql, None, destination)
}

/// Reports the size of the file while it grows.
fn growing<T>(app: &App, file: &Path, shown: &Path, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while waiting.recv_timeout(REPORT) == Err(RecvTimeoutError::Timeout) {
                let size = fs_err::metadata(file).map_or(0, |found| found.len());
                app.desk
                    .progress(&format!("writing `{}`: {}", shown.display(), human_bytes(size)));
            }
        });
        let result = work();
        drop(done);
        result
    })
}
