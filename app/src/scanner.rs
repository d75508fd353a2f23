//! A scan from connection to report, for every command that makes one.

use ktx_project::scan::{self, Answers, Detected, Mode, ScanOptions, ScanReport, Trigger};
use ktx_project::snapshot::{self, FileChanges, Snapshot, Table};

use crate::databases::{Database, require_readonly};
use crate::{App, Error, Python, Workspace};

/// Scans connections of one project.
pub struct Scanner<'s> {
    pub app: &'s App,
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
    pub fn scan(&self, connection: &str, mode: Mode, dry_run: bool) -> Result<ScanReport, Error> {
        Ok(self.run(connection, mode, dry_run)?.report)
    }

    /// Scans and reports each table, for reports that go into more detail.
    pub fn scan_kept(&self, connection: &str, mode: Mode) -> Result<Scanned, Error> {
        self.run(connection, mode, false)
    }

    fn run(&self, connection: &str, mode: Mode, dry_run: bool) -> Result<Scanned, Error> {
        let config = &self.workspace.config;
        if !config.ingest.enables(scan::ADAPTER) {
            return Err(Error::hinted(
                format!("Adapter \"{}\" is not enabled in ktx.yaml", scan::ADAPTER),
                "add it to `ingest.adapters`",
            ));
        }
        let (id, connection) = config.connection(connection)?;
        require_readonly(id, connection, "Local live-database ingest")?;
        let now = jiff::Timestamp::now();
        let options = ScanOptions {
            connection: id.clone(),
            driver: connection.driver.clone(),
            mode,
            trigger: self.trigger,
            now,
        };
        let mut database = Database::open(self.app, self.workspace, self.python, id, connection)?;
        self.app.desk.progress(&format!("reading the tables of `{id}`"));
        let snapshot = database.snapshot(now)?;
        self.finish(&options, &snapshot, &mut database, dry_run)
    }

    fn finish(
        &self,
        options: &ScanOptions,
        snapshot: &Snapshot,
        probe: &mut Database<'_>,
        dry_run: bool,
    ) -> Result<Scanned, Error> {
        if options.mode == Mode::Relationships {
            self.app.desk.progress("looking for joins that no key declares");
        }
        let folder = &self.workspace.folder;
        let mut answers = match (options.mode, dry_run) {
            (Mode::Relationships, false) => {
                let name = format!("{}.jsonl", options.connection);
                Answers::of_scan(folder.cache().join("scans").join(name))
            }
            _ => Answers::default(),
        };
        let settings = self.workspace.config.relationships;
        let detected = match options.mode {
            Mode::Structural => Detected::default(),
            Mode::Relationships => scan::detect(&snapshot.tables, settings, probe, &mut answers)?,
        };
        self.app.interrupt.check()?;
        self.app.desk.progress(&format!(
            "comparing {} tables with the last scan",
            snapshot.tables.len()
        ));
        let plan = scan::plan(folder, options, snapshot, detected)?;
        let report = match dry_run {
            true => scan::preview(folder, options, snapshot, &plan),
            false => scan::execute(folder, options, snapshot, &plan)?,
        };
        answers.done();
        Ok(Scanned {
            report,
            changes: plan.changes,
            tables: snapshot.tables.iter().map(named).collect(),
        })
    }
}
