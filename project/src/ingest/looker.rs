//! The `looker` adapter: LookML files anywhere in a folder, and explores as Looker's API returns them in
//! `explores/<model>.<explore>.json`. Says which tables they mean, and drafts sources from views.

use std::collections::BTreeMap;
use std::path::Path;

use ktx_runtime::ports::{self, IdentifierItem, LookmlFile, ParsedIdentifier, Service};
use serde_json::{Map, Value, json};

use super::IngestError;
use super::drafts::{DraftSet, is_plain};
use super::pull::{Pull, WorkUnit};
use crate::{ConnectionId, files};

/// A source folder, read.
#[derive(Debug, Default)]
pub struct LookerReading {
    pub lookml: Vec<LookmlFile>,
    /// `<model>.<explore>` and its document; what could not be read is a warning.
    pub explores: BTreeMap<String, Value>,
    pub warnings: Vec<String>,
}

/// Which warehouse the tables of an explore are in, by its driver or by Looker's name for its dialect.
#[derive(Debug, Clone)]
pub enum LookerWarehouses {
    /// One for every explore: the connection that is ingested.
    Single(LookerWarehouse),
    /// By the connection that Looker names in the explore or the model.
    Mapped(BTreeMap<String, LookerWarehouse>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LookerWarehouse {
    pub dialect: String,
    /// Whose semantic layer gets the drafts; without one there are none.
    pub connection: Option<ConnectionId>,
}

impl LookerWarehouses {
    fn of_explore(&self, explore: &Value) -> Option<&str> {
        match self {
            Self::Single(warehouse) => Some(&warehouse.dialect),
            Self::Mapped(warehouses) => {
                let connection = explore.get("connection_name").and_then(Value::as_str)?;
                warehouses
                    .get(connection)
                    .map(|warehouse| warehouse.dialect.as_str())
            }
        }
    }

    /// Each warehouse with the names that Looker has for it; without mappings, every model is about the one.
    fn of_models(&self) -> Vec<(&LookerWarehouse, Option<Vec<String>>)> {
        match self {
            Self::Single(warehouse) => vec![(warehouse, None)],
            Self::Mapped(warehouses) => {
                let mut names: BTreeMap<&LookerWarehouse, Vec<String>> = BTreeMap::new();
                for (name, warehouse) in warehouses {
                    names.entry(warehouse).or_default().push(name.clone());
                }
                names
                    .into_iter()
                    .map(|(warehouse, names)| (warehouse, Some(names)))
                    .collect()
            }
        }
    }
}

/// The dialect that the parser knows a warehouse by.
fn dialect(warehouse: &str) -> Option<&'static str> {
    Some(match warehouse {
        "bigquery" | "bigquery_standard_sql" => "bigquery",
        "snowflake" => "snowflake",
        "postgres" | "postgresql" => "postgres",
        "mysql" => "mysql",
        "sqlite" => "sqlite",
        "sqlserver" | "mssql" | "tsql" => "tsql",
        "clickhouse" => "clickhouse",
        _ => return None,
    })
}

pub fn read_folder(source: &Path) -> Result<LookerReading, IngestError> {
    if !source.is_dir() {
        return Err(IngestError::NoSourceFolder(source.to_owned()));
    }
    let mut reading = LookerReading::default();
    for file in files::all_below(source)? {
        let name = files::name_below(source, &file);
        let explore = name
            .strip_prefix("explores/")
            .and_then(|rest| rest.strip_suffix(".json"));
        let lookml = name.ends_with(".lkml") || name.ends_with(".lookml");
        if !lookml && explore.is_none() {
            continue;
        }
        let text = match fs_err::read_to_string(&file) {
            Ok(text) => text,
            Err(_) => {
                reading.warnings.push(format!("unreadable:{name}"));
                continue;
            }
        };
        match explore.map(|key| (key, serde_json::from_str::<Value>(&text))) {
            None => reading.lookml.push(LookmlFile {
                path: name,
                content: text,
            }),
            Some((key, Ok(Value::Object(document)))) => {
                reading.explores.insert(key.to_owned(), Value::Object(document));
            }
            Some((key, _)) => reading.warnings.push(format!("explore_invalid:{key}")),
        }
    }
    Ok(reading)
}

/// Analyses a reading. A parser that fails marks the items; the ingest continues.
pub fn pull(reading: LookerReading, warehouses: &LookerWarehouses, service: &Service) -> Pull {
    let mut pull = Pull {
        warnings: reading.warnings,
        ..Pull::default()
    };
    let identifiers = identifiers(&reading.explores, warehouses, service, &mut pull.warnings);
    for (key, document) in &reading.explores {
        let own: BTreeMap<&String, &ParsedIdentifier> = identifiers
            .iter()
            .filter(|(item, _)| {
                *item == key
                    || item
                        .strip_prefix(key.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            })
            .collect();
        let path = format!("explores/{key}.json");
        pull.add_json(
            path.clone(),
            &json!({"explore": document, "tableIdentifiers": own}),
        );
        pull.units
            .push(WorkUnit::new(format!("looker-explore-{key}"), vec![path]));
    }
    for file in &reading.lookml {
        pull.files
            .insert(format!("lookml/{}", file.path), file.content.clone().into_bytes());
    }
    if !reading.lookml.is_empty() {
        let models = warehouses.of_models();
        for (warehouse, names) in &models {
            let folder = match (&warehouse.connection, models.len()) {
                (Some(connection), 2..) => format!("{connection}/"),
                _ => String::new(),
            };
            add_models(
                &mut pull,
                &reading.lookml,
                warehouse,
                names.as_deref(),
                &folder,
                service,
            );
        }
    }
    pull
}

/// What the models of one warehouse describe. Drafts are read in its dialect; one that is unknown is read as Postgres.
fn add_models(
    pull: &mut Pull,
    lookml: &[LookmlFile],
    warehouse: &LookerWarehouse,
    names: Option<&[String]>,
    folder: &str,
    service: &Service,
) {
    let dialect = dialect(&warehouse.dialect).unwrap_or("postgres");
    let parsed = match ports::parse_lookml(service, lookml, dialect, names) {
        Ok(parsed) => parsed,
        Err(error) => {
            pull.warnings.push(format!("lookml_parse_failed:{error}"));
            return;
        }
    };
    add_views(pull, &parsed, folder);
    let set = warehouse
        .connection
        .clone()
        .and_then(|connection| DraftSet::of_answer(connection, &parsed));
    pull.drafts.extend(set);
}

fn add_views(pull: &mut Pull, parsed: &Map<String, Value>, folder: &str) {
    let list = |field: &str| parsed.get(field).and_then(Value::as_array).into_iter().flatten();
    for view in list("views") {
        // A view without a name has no file to go to; the others do.
        let Some(name) = view
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| is_plain(name))
        else {
            pull.warnings
                .push("view_invalid:a view without a usable name".to_owned());
            continue;
        };
        let path = format!("views/{folder}{name}.json");
        pull.add_json(path.clone(), view);
        pull.units
            .push(WorkUnit::new(format!("looker-view-{folder}{name}"), vec![path]));
    }
    for skipped in list("skipped_views") {
        let text = |field: &str| skipped.get(field).and_then(Value::as_str).unwrap_or("unknown");
        pull.warnings
            .push(format!("view_skipped:{}: {}", text("name"), text("reason")));
    }
    pull.warnings
        .extend(list("warnings").filter_map(Value::as_str).map(str::to_owned));
    if list("joins").next().is_some() {
        let path = format!("{folder}joins.json");
        pull.add_json(path.clone(), &parsed["joins"]);
        pull.units
            .push(WorkUnit::new(format!("looker-{folder}joins"), vec![path]));
    }
}

/// Base tables under `<model>.<explore>`, joined ones under `<model>.<explore>.<join>`. The tables of an explore whose
/// connection is not mapped are skipped here.
fn identifiers(
    explores: &BTreeMap<String, Value>,
    warehouses: &LookerWarehouses,
    service: &Service,
    warnings: &mut Vec<String>,
) -> BTreeMap<String, ParsedIdentifier> {
    let mut identifiers = BTreeMap::new();
    let mut items: Vec<IdentifierItem> = Vec::new();
    for (key, explore) in explores {
        let Some(warehouse) = warehouses.of_explore(explore) else {
            warnings.push(format!("connection_not_mapped:{key}"));
            continue;
        };
        for (key, sql_table_name) in tables_of(key, explore) {
            match dialect(warehouse) {
                Some(dialect) => items.push(IdentifierItem {
                    key,
                    sql_table_name,
                    dialect: dialect.to_owned(),
                }),
                None => {
                    let kind = warehouse.to_uppercase();
                    let detail =
                        format!("Connection type {kind} does not map to a supported sqlglot dialect.");
                    let refused = ParsedIdentifier::refused("unsupported_dialect", Some(&detail));
                    identifiers.insert(key, refused);
                }
            }
        }
    }
    if items.is_empty() {
        return identifiers;
    }
    let parsed = ports::parse_table_identifiers(service, &items).unwrap_or_else(|error| {
        let detail = error.to_string();
        warnings.push(format!("table_identifiers_failed:{detail}"));
        let refused = ParsedIdentifier::refused("parse_error", Some(&detail));
        items
            .into_iter()
            .map(|item| (item.key, refused.clone()))
            .collect()
    });
    identifiers.extend(parsed);
    identifiers
}

/// The raw table names of an explore and of its joins, by key.
fn tables_of(key: &str, explore: &Value) -> Vec<(String, String)> {
    let table = |node: &Value| {
        node.get("sql_table_name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let base = table(explore).map(|table| (key.to_owned(), table));
    let joins = explore.get("joins").and_then(Value::as_array);
    let joined = joins.into_iter().flatten().filter_map(|join| {
        let name = join.get("name").and_then(Value::as_str)?;
        Some((format!("{key}.{name}"), table(join)?))
    });
    base.into_iter().chain(joined).collect()
}
