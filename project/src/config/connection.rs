//! One connection: driver, where the data is, and whether we may read it. Values may point at an environment
//! variable (`env:NAME`) or a file (`file:/path`); they are looked up when used, so that an unset variable of one
//! connection does not stop a command about another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ktx_runtime::Environment;

use crate::yaml::{Fields, Finding, Node};
use crate::{ConnectionId, Error};

#[derive(Debug, Clone)]
pub struct Connection {
    pub driver: Driver,
    pub url: Option<Setting>,
    pub path: Option<Setting>,
    pub readonly: bool,
    pub schemas: Vec<String>,
    /// When weeks and fiscal years start, and in which time zone: the compiler's settings, by their names.
    pub calendar: BTreeMap<String, String>,
    /// `functions.allow`: functions of the database that only compute, beyond those that the guard knows.
    pub allowed_functions: Vec<String>,
    pub historic_sql: Option<HistoricSql>,
    /// `mappings.connectionMappings`: what Looker's connections are here, by the names that Looker has for them.
    pub looker_connections: BTreeMap<String, LookerTarget>,
}

/// The warehouse behind a connection of Looker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookerTarget {
    /// A connection of this project.
    Connection(String),
    /// A warehouse that this project does not connect to, by Looker's name for its dialect.
    Dialect(&'static str),
}

/// What Looker calls the dialects of its connections, as far as their table names can be read.
pub const LOOKER_DIALECTS: [&str; 11] = [
    "bigquery",
    "bigquery_standard_sql",
    "snowflake",
    "postgres",
    "postgresql",
    "mysql",
    "sqlite",
    "sqlserver",
    "mssql",
    "tsql",
    "clickhouse",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    Sqlite,
    Postgres,
    /// DuckDB files, and Parquet and CSV files as tables.
    Duckdb,
    /// MySQL and MariaDB servers.
    Mysql,
    Clickhouse,
    /// Known to the format (a connection may name it), not to this program.
    Other(String),
}

/// A value as written: the literal text, or where to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting(String);

/// How `historic-sql` reads the statistics of a warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoricSql {
    pub enabled: bool,
    pub dialect: String,
    pub service_account_user_patterns: Vec<String>,
    pub redaction_patterns: Vec<String>,
    pub max_templates_per_run: usize,
    pub min_calls: u64,
    /// How many days a template counts after a run last saw it used.
    pub window_days: u32,
}

const KEYS: &[&str] = &[
    "driver",
    "url",
    "path",
    "readonly",
    "schemas",
    "historicSql",
    "mappings",
    "functions",
    "week_start",
    "fiscal_year_start",
    "time_zone",
    "date_table",
];

const CALENDAR: [&str; 4] = ["week_start", "fiscal_year_start", "time_zone", "date_table"];

pub fn read(node: &Node, id: &str, findings: &mut Vec<Finding>) -> Option<Connection> {
    let mut fields = Fields::open(node, format!("connections.{id}"), findings)?;
    let driver = fields.required_text("driver").map(|text| Driver::parse(&text));
    // The settings of other drivers are not known here.
    if !matches!(driver, Some(Driver::Other(_))) {
        fields.only(&format!("connection `{id}`"), KEYS);
    }
    let driver = driver?;
    let historic_sql = match fields.node("historicSql") {
        Some(node) => read_historic_sql(node, fields.path_of("historicSql"), fields.findings()),
        None => None,
    };
    let looker_connections = match fields.node("mappings") {
        Some(node) => read_mappings(node, fields.path_of("mappings"), fields.findings()),
        None => BTreeMap::new(),
    };
    Some(Connection {
        driver,
        url: fields.text("url").map(Setting),
        path: fields.text("path").map(Setting),
        readonly: fields.flag("readonly").unwrap_or(false),
        schemas: fields.texts("schemas"),
        calendar: CALENDAR
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), fields.text(key)?)))
            .collect(),
        allowed_functions: match fields.node("functions") {
            Some(node) => Fields::open(node, fields.path_of("functions"), fields.findings())
                .map(|mut functions| {
                    functions.only(&format!("`functions` of connection `{id}`"), &["allow"]);
                    functions.texts("allow")
                })
                .unwrap_or_default(),
            None => Vec::new(),
        },
        historic_sql,
        looker_connections,
    })
}

/// A connection's id, or `{dialect: …}`.
fn read_mappings(node: &Node, path: String, findings: &mut Vec<Finding>) -> BTreeMap<String, LookerTarget> {
    let mut targets = BTreeMap::new();
    let Some(mut fields) = Fields::open(node, path, findings) else {
        return targets;
    };
    for (key, node) in fields.entries("connectionMappings") {
        let path = format!("{}.{}", fields.path_of("connectionMappings"), key.name);
        let target = match node.as_text() {
            Some(connection) => Some(LookerTarget::Connection(connection.to_owned())),
            None => Fields::open(node, path, fields.findings())
                .and_then(|mut inner| inner.word("dialect", &LOOKER_DIALECTS))
                .map(LookerTarget::Dialect),
        };
        targets.extend(target.map(|target| (key.name.clone(), target)));
    }
    targets
}

fn read_historic_sql(node: &Node, path: String, findings: &mut Vec<Finding>) -> Option<HistoricSql> {
    let mut fields = Fields::open(node, path, findings)?;
    Some(HistoricSql {
        enabled: fields.flag("enabled").unwrap_or(false),
        dialect: fields.text("dialect").unwrap_or_else(|| "postgres".into()),
        service_account_user_patterns: fields.texts("serviceAccountUserPatterns"),
        redaction_patterns: fields.texts("redactionPatterns"),
        max_templates_per_run: fields
            .count("maxTemplatesPerRun")
            .and_then(|n| n.try_into().ok())
            .unwrap_or(5_000),
        min_calls: fields.count("minCalls").unwrap_or(5),
        window_days: fields
            .count("windowDays")
            .and_then(|n| n.try_into().ok())
            .unwrap_or(90),
    })
}

/// Warehouses that people ask for and this program cannot read yet.
const PLANNED: [&str; 8] = [
    "bigquery",
    "databricks",
    "mssql",
    "redshift",
    "snowflake",
    "spark",
    "sqlserver",
    "trino",
];

impl Driver {
    /// The names of those that this program has, as a sentence lists them.
    pub const SUPPORTED: &str = "clickhouse, duckdb, mysql, postgres and sqlite";

    /// What a refusal says about a driver that this program does not have: not yet, or not known.
    pub fn refusal(&self) -> String {
        match self {
            Self::Other(name) if PLANNED.contains(&name.as_str()) => format!("{name} is not supported yet"),
            other => format!("ktx has no driver `{}`", other.as_str()),
        }
    }

    /// Blanks and letter case do not matter; the long names are the short ones.
    pub fn parse(text: &str) -> Self {
        match text.trim().to_lowercase().as_str() {
            "sqlite" | "sqlite3" => Self::Sqlite,
            "postgres" | "postgresql" => Self::Postgres,
            "duckdb" => Self::Duckdb,
            "mysql" | "mariadb" => Self::Mysql,
            "clickhouse" => Self::Clickhouse,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Duckdb => "duckdb",
            Self::Mysql => "mysql",
            Self::Clickhouse => "clickhouse",
            Self::Other(name) => name,
        }
    }

    /// A name as statements of the warehouse write it, whatever letters it has.
    pub fn quoted(&self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Clickhouse => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
            _ => crate::warehouse::quoted(name),
        }
    }

    /// The dialect in the semantic layer. An unknown driver is treated as Postgres, whose SQL most others understand.
    pub fn dialect(&self) -> &str {
        match self.as_str() {
            "sqlserver" | "mssql" => "tsql",
            known @ ("postgres" | "bigquery" | "snowflake" | "mysql" | "sqlite" | "duckdb" | "clickhouse"
            | "redshift" | "databricks") => known,
            _ => "postgres",
        }
    }
}

impl Setting {
    pub fn literal(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn resolve(&self, key: &str, environment: &Environment) -> Result<String, Error> {
        if let Some(name) = self.0.strip_prefix("env:") {
            return environment
                .text(name)
                .map(str::to_owned)
                .ok_or_else(|| Error::UnsetVariable {
                    key: key.to_owned(),
                    name: name.to_owned(),
                });
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let path = Path::new(path);
            let text = fs_err::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        Ok(self.0.clone())
    }
}

impl Connection {
    /// The URL of a server; refused when it is absent or blank.
    pub fn server_url(&self, id: &ConnectionId, environment: &Environment) -> Result<Option<String>, Error> {
        let Some(setting) = &self.url else { return Ok(None) };
        let url = setting.resolve(&format!("connections.{id}.url"), environment)?;
        Ok(Some(url).filter(|url| !url.trim().is_empty()))
    }

    /// The file of a SQLite connection, the file or folder of a DuckDB one: `path`, else `url` as `sqlite:///…`,
    /// `duckdb:///…` or `file:…`. Relative paths count from the project folder.
    pub fn database_file(
        &self,
        id: &ConnectionId,
        project: &Path,
        environment: &Environment,
    ) -> Result<PathBuf, Error> {
        let place = match (&self.path, &self.url) {
            (Some(path), _) => path.resolve(&format!("connections.{id}.path"), environment)?,
            (None, Some(url)) => {
                let url = match url.0.starts_with("env:") {
                    true => url.resolve(&format!("connections.{id}.url"), environment)?,
                    false => url.0.clone(),
                };
                file_of_url(&url)
            }
            (None, None) => String::new(),
        };
        if place.trim().is_empty() {
            return Err(Error::NoDatabaseFile(id.clone()));
        }
        Ok(project.join(place))
    }
}

/// `sqlite:///rel.db` is relative and `sqlite:////abs.db` absolute, as SQLAlchemy reads them; `file:` is SQLite's own.
fn file_of_url(url: &str) -> String {
    let rest = [
        "sqlite:///",
        "sqlite://",
        "sqlite:",
        "duckdb:///",
        "duckdb://",
        "duckdb:",
        "file://",
        "file:",
    ]
    .iter()
    .find_map(|prefix| url.strip_prefix(prefix))
    .unwrap_or(url);
    rest.split('?').next().unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Driver, file_of_url};

    #[test]
    fn a_sqlite_url_names_its_file() {
        for (url, file) in [
            ("sqlite:///shop.db", "shop.db"),
            ("sqlite:////var/shop.db", "/var/shop.db"),
            ("file:shop.db?mode=ro", "shop.db"),
            ("duckdb:///data/shop.duckdb", "data/shop.duckdb"),
            ("duckdb:////var/shop.duckdb", "/var/shop.duckdb"),
            ("file:///var/shop.db", "/var/shop.db"),
            ("shop.db", "shop.db"),
        ] {
            assert_eq!(file_of_url(url), file, "{url}");
        }
    }

    #[test]
    fn drivers_are_read_whatever_their_case() {
        for (text, driver) in [
            (" PostgreSQL ", Driver::Postgres),
            ("sqlite3", Driver::Sqlite),
            ("DuckDB", Driver::Duckdb),
            ("mysql", Driver::Mysql),
            ("MariaDB", Driver::Mysql),
            ("ClickHouse", Driver::Clickhouse),
            ("SQLServer", Driver::Other("sqlserver".into())),
        ] {
            assert_eq!(Driver::parse(text), driver, "{text}");
        }
        for (text, dialect) in [
            ("sqlserver", "tsql"),
            ("mssql", "tsql"),
            ("sqlite3", "sqlite"),
            ("duckdb", "duckdb"),
            ("mariadb", "mysql"),
            ("oracle", "postgres"),
        ] {
            assert_eq!(Driver::parse(text).dialect(), dialect, "{text}");
        }
    }
}
