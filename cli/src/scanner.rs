//! A scan from connection to report, for every command that makes one.

use ktx_project::config::Driver;
use ktx_project::scan::{self, Mode, ScanOptions, ScanReport, Trigger};
use ktx_project::snapshot::{self, FileChanges, Snapshot, Table};

use crate::hint::Hinted;
use crate::python::Python;
use crate::session::Session;
use crate::warehouses::{self, ServerProbe, SqliteProbe};
use crate::workspace::Workspace;

/// Scans connections of one project.
pub struct Scanner<'s> {
    pub session: &'s Session,
    pub workspace: &'s Workspace,
    pub python: &'s Python,
    pub trigger: Trigger,
}

/// A scan that was made.
pub struct Scanned {
    pub report: ScanReport,
    pub changes: FileChanges,
    /// Each table's file in the raw snapshot, and the known parts of its name.
    pub tables: Vec<(String, Vec<String>)>,
}

fn named(table: &Table) -> (String, Vec<String>) {
    let parts = [table.catalog.clone(), table.db.clone(), Some(table.name.clone())];
    (
        format!("tables/{}", snapshot::file_name(table)),
        parts.into_iter().flatten().collect(),
    )
}

impl Scanner<'_> {
    /// Scans; a dry run writes nothing, not even that it ran.
    pub fn scan(&self, connection: &str, mode: Mode, dry_run: bool) -> anyhow::Result<ScanReport> {
        Ok(self.run(connection, mode, dry_run)?.report)
    }

    /// Scans and tells of each table, for reports that go into more detail.
    pub fn scan_kept(&self, connection: &str, mode: Mode) -> anyhow::Result<Scanned> {
        self.run(connection, mode, false)
    }

    fn run(&self, connection: &str, mode: Mode, dry_run: bool) -> anyhow::Result<Scanned> {
        let config = &self.workspace.config;
        if !config.ingest.enables(scan::ADAPTER) {
            return Err(Hinted::error(
                format!("Adapter \"{}\" is not enabled in ktx.yaml", scan::ADAPTER),
                "add it to `ingest.adapters`",
            ));
        }
        let (id, connection) = config.connection(connection)?;
        warehouses::require_readonly(id, connection)?;
        let now = jiff::Timestamp::now();
        let options = ScanOptions {
            connection: id.clone(),
            driver: connection.driver.clone(),
            mode,
            trigger: self.trigger,
            now,
        };
        match &connection.driver {
            Driver::Sqlite => {
                let warehouse = warehouses::open_sqlite(self.session, self.workspace, id, connection)?;
                let snapshot = warehouses::sqlite_snapshot(self.session, &warehouse, id, now)?;
                let mut probe = SqliteProbe {
                    session: self.session,
                    warehouse: &warehouse,
                };
                self.finish(&options, &snapshot, &mut probe, dry_run)
            }
            Driver::Postgres => {
                let url = warehouses::server_url(self.session, id, connection)?;
                let backend = self.python.database()?;
                let snapshot = warehouses::server_snapshot(self.session, &backend, id, connection, now)?;
                let mut probe = ServerProbe {
                    session: self.session,
                    backend: &backend,
                    id,
                    url,
                };
                self.finish(&options, &snapshot, &mut probe, dry_run)
            }
            driver @ Driver::Other(_) => Err(unsupported(driver)),
        }
    }

    fn finish(
        &self,
        options: &ScanOptions,
        snapshot: &Snapshot,
        probe: &mut dyn scan::RelationshipProbe,
        dry_run: bool,
    ) -> anyhow::Result<Scanned> {
        let (relationships, warnings) = match options.mode {
            Mode::Structural => (Vec::new(), Vec::new()),
            Mode::Relationships => scan::detect(&snapshot.tables, self.workspace.config.relationships, probe),
        };
        self.session.interrupt.check()?;
        let folder = &self.workspace.folder;
        let plan = scan::plan(folder, options, snapshot, relationships, warnings)?;
        let report = match dry_run {
            true => scan::preview(folder, options, snapshot, &plan),
            false => scan::execute(folder, options, snapshot, &plan)?.report,
        };
        Ok(Scanned {
            report,
            changes: plan.changes,
            tables: snapshot.tables.iter().map(named).collect(),
        })
    }
}

/// For drivers that the format knows and this program does not.
pub fn unsupported(driver: &Driver) -> anyhow::Error {
    Hinted::error(
        format!(
            "Local live-database ingest cannot run driver \"{}\".",
            driver.as_str()
        ),
        "ktx scans sqlite and postgres connections",
    )
}
