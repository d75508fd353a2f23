//! An ingest from connection and adapter to report, for every command that makes one.

use std::collections::BTreeMap;
use std::path::Path;

use ktx_project::ConnectionId;
use ktx_project::config::{AdapterName, Connection, Driver, LookerTarget};
use ktx_project::ingest::{
    self, Baseline, HistoryRow, HistorySettings, IngestOptions, IngestReport, LookerWarehouse,
    LookerWarehouses, Pull, WorkUnit,
};
use ktx_project::scan::{Mode, Trigger};
use ktx_runtime::ports::Service;

use crate::databases::{Database, require_readonly};
use crate::{App, Error, Python, Scanner, Workspace};

/// The statistics of one database, the longest running first.
const STATISTICS: &str =
    "select s.queryid::text as queryid, s.query, s.calls, s.total_exec_time, s.rows, r.rolname as usename,
        current_user::text as reader
    from pg_stat_statements s left join pg_roles r on r.oid = s.userid
    where s.dbid = (select oid from pg_database where datname = current_database())
    order by s.total_exec_time desc";

/// Ingests into one project.
pub struct Ingester<'s> {
    pub app: &'s App,
    pub workspace: &'s Workspace,
    pub python: &'s Python,
    pub trigger: Trigger,
}

impl Ingester<'_> {
    /// Pulls, compares, keeps, reports. The checks come in the order in which people can fix what they find.
    pub fn ingest(
        &self,
        connection: &str,
        adapter: &str,
        source: Option<&Path>,
    ) -> Result<IngestReport, Error> {
        let config = &self.workspace.config;
        let (id, connection) = config.connection(connection)?;
        if !config.ingest.enables(adapter) {
            return Err(Error::hinted(
                format!("Adapter \"{adapter}\" is not enabled in ktx.yaml"),
                format!(
                    "add it to `ingest.adapters`; enabled are: {}",
                    config.ingest.adapters.join(", ")
                ),
            ));
        }
        let name = AdapterName::parse(adapter).ok_or_else(|| unavailable(adapter))?;
        let options = IngestOptions {
            connection: id.clone(),
            adapter: name.as_str(),
            now: jiff::Timestamp::now(),
        };
        let run = ingest::RunningIngest::begin(&self.workspace.folder, &options)?;
        let report = self.pull_and_keep(name, &options, &run, connection, source);
        run.finish(report)
    }

    fn pull_and_keep(
        &self,
        adapter: AdapterName,
        options: &IngestOptions,
        run: &ingest::RunningIngest,
        connection: &Connection,
        source: Option<&Path>,
    ) -> Result<IngestReport, Error> {
        let folder = &self.workspace.folder;
        let desk = &self.app.desk;
        desk.progress(&format!("reading with the adapter `{}`", options.adapter));
        let pull = match adapter {
            AdapterName::LiveDatabase => return self.live_database(options, run),
            AdapterName::HistoricSql => return self.historic_sql(options, run, connection, source),
            AdapterName::Fake => ingest::pull_fake(required(source, options.adapter)?)?,
            AdapterName::Looker => {
                let reading = ingest::read_looker_folder(required(source, options.adapter)?)?;
                let warehouses = self.looker_warehouses(&options.connection, connection)?;
                ingest::pull_looker(reading, &warehouses, &self.python.looker()?)
            }
            AdapterName::Metricflow => {
                let reading = ingest::read_dbt_folder(required(source, options.adapter)?)?;
                let dialect = connection.driver.dialect();
                ingest::pull_metricflow(reading, &options.connection, dialect, &self.python.looker()?)?
            }
        };
        self.app.interrupt.check()?;
        desk.progress(&format!(
            "comparing {} files with the last ingest",
            pull.files.len()
        ));
        Ok(ingest::keep(folder, options, run, pull)?)
    }

    /// With mappings, whatever they name; without, the connection itself.
    fn looker_warehouses(
        &self,
        id: &ConnectionId,
        connection: &Connection,
    ) -> Result<LookerWarehouses, Error> {
        if connection.looker_connections.is_empty() {
            return Ok(LookerWarehouses::Single(LookerWarehouse {
                dialect: connection.driver.as_str().to_owned(),
                connection: Some(id.clone()),
            }));
        }
        let mut warehouses = BTreeMap::new();
        for (name, target) in &connection.looker_connections {
            let warehouse = match target {
                LookerTarget::Connection(id) => {
                    let (id, mapped) = self.workspace.config.connection(id)?;
                    LookerWarehouse {
                        dialect: mapped.driver.as_str().to_owned(),
                        connection: Some(id.clone()),
                    }
                }
                LookerTarget::Dialect(dialect) => LookerWarehouse {
                    dialect: (*dialect).to_owned(),
                    connection: None,
                },
            };
            warehouses.insert(name.clone(), warehouse);
        }
        Ok(LookerWarehouses::Mapped(warehouses))
    }

    fn live_database(
        &self,
        options: &IngestOptions,
        run: &ingest::RunningIngest,
    ) -> Result<IngestReport, Error> {
        let Self {
            app,
            workspace,
            python,
            trigger,
        } = *self;
        let scanner = Scanner {
            app,
            workspace,
            python,
            trigger,
        };
        let outcome = scanner.scan_kept(options.connection.as_str(), Mode::Structural)?;
        let mut pull = Pull {
            warnings: outcome.report.warnings.iter().map(|w| w.code.clone()).collect(),
            ..Pull::default()
        };
        for (file, parts) in &outcome.tables {
            pull.units.push(WorkUnit::new(
                format!("live-database-{}", parts.join("-")),
                vec![file.clone()],
            ));
        }
        Ok(ingest::keep_scan(
            &workspace.folder,
            options,
            run,
            &outcome.report,
            &pull,
            &outcome.changes,
        )?)
    }

    fn historic_sql(
        &self,
        options: &IngestOptions,
        run: &ingest::RunningIngest,
        connection: &Connection,
        source: Option<&Path>,
    ) -> Result<IngestReport, Error> {
        let id = &options.connection;
        let settings = match &connection.historic_sql {
            Some(settings)
                if settings.enabled
                    && settings.dialect == "postgres"
                    && connection.driver == Driver::Postgres =>
            {
                settings
            }
            _ => return Err(unavailable(options.adapter)),
        };
        let settings = HistorySettings::of(settings, id.as_str())?;
        let (rows, warnings) = match source {
            Some(source) => ingest::read_export(source)?,
            None => (self.statistics(id, connection)?, Vec::new()),
        };
        let folder = &self.workspace.folder;
        let baseline_path = folder
            .cache()
            .join("historic-sql")
            .join(id.as_str())
            .join("pgss-baseline.json");
        let baseline = Baseline::read(&baseline_path);
        let previous = ingest::previous(folder, id, options.adapter)?;
        let history = ingest::History {
            settings: &settings,
            baseline: &baseline,
            earlier: previous.map_or_else(Vec::new, |sync| ingest::templates_of(&sync)),
            now: options.now,
        };
        self.app
            .desk
            .progress(&format!("analysing {} statements", rows.len()));
        let service = self.analysis_burst()?;
        let analysed = ingest::pull_history(rows, history, &service, &self.app.interrupt);
        self.app.interrupt.check()?;
        let mut analysed = analysed?;
        analysed.pull.warnings.splice(0..0, warnings);
        let refused = ingest::write_proposals(folder, id, &analysed.templates)?;
        analysed.pull.warnings.extend(refused);
        let report = ingest::keep(folder, options, run, analysed.pull)?;
        analysed.baseline.write(&baseline_path)?;
        Ok(report)
    }

    /// Thousands of questions to one daemon: it proves itself once for all of them.
    fn analysis_burst(&self) -> Result<Service, Error> {
        Ok(match self.python.sql_analysis_daemon()? {
            Some(daemon) => Service::of_proven(&self.python.runtime, daemon),
            None => self.python.sql_analysis()?,
        })
    }

    fn statistics(&self, id: &ConnectionId, connection: &Connection) -> Result<Vec<HistoryRow>, Error> {
        require_readonly(id, connection, "Local live-database ingest")?;
        let database = Database::open(self.app, self.workspace, self.python, id, connection)?;
        let rows = database
            .query(STATISTICS, 100_000)
            .map_err(|error| match lacks_statistics(&database) {
                true => error.with_hint(format!(
                    "run `create extension pg_stat_statements` in the database of `{id}`, or pass --source-dir with an export"
                )),
                false => error,
            })?;
        let row = |values: Vec<serde_json::Value>| {
            let object: serde_json::Map<_, _> = rows.headers.iter().cloned().zip(values).collect();
            serde_json::from_value::<HistoryRow>(object.into()).ok()
        };
        Ok(rows.rows.iter().cloned().filter_map(row).collect())
    }
}

/// Whether the database answers that it does not have the extension that counts statements.
fn lacks_statistics(database: &Database<'_>) -> bool {
    let installed = "select extname from pg_extension where extname = 'pg_stat_statements'";
    database
        .query(installed, 1)
        .is_ok_and(|found| found.rows.is_empty())
}

fn required<'p>(source: Option<&'p Path>, adapter: &str) -> Result<&'p Path, Error> {
    source.ok_or_else(|| {
        Error::hinted(
            format!("Adapter \"{adapter}\" needs a folder to read"),
            "pass it with --source-dir",
        )
    })
}

fn unavailable(adapter: &str) -> Error {
    let hint = match adapter {
        "historic-sql" => {
            "it needs a postgres connection with `historicSql: {enabled: true, dialect: postgres}`".to_owned()
        }
        _ => format!(
            "available are: {}",
            AdapterName::ALL.map(AdapterName::as_str).join(", ")
        ),
    };
    Error::hinted(
        format!("Adapter \"{adapter}\" is not available for local ingest"),
        hint,
    )
}
