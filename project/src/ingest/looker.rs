//! The `looker` adapter: LookML files anywhere in a folder, and explores as Looker's API returns them in
//! `explores/<model>.<explore>.json`. Says which tables they mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ktx_runtime::ports::{self, IdentifierItem, LookmlFile, ParsedIdentifier, Service};
use serde_json::{Value, json};

use super::IngestError;
use super::pull::{Pull, WorkUnit};
use crate::files;

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
    Single(String),
    /// By the connection that Looker names in the explore.
    Mapped(BTreeMap<String, String>),
}

impl LookerWarehouses {
    fn of_explore(&self, explore: &Value) -> Option<&str> {
        match self {
            Self::Single(warehouse) => Some(warehouse),
            Self::Mapped(warehouses) => {
                let connection = explore.get("connection_name").and_then(Value::as_str)?;
                warehouses.get(connection).map(String::as_str)
            }
        }
    }

    /// LookML names no connection: it is read as the one dialect that there is, else as Postgres.
    fn of_lookml(&self) -> &'static str {
        let mut dialects: BTreeSet<Option<&'static str>> = BTreeSet::new();
        match self {
            Self::Single(warehouse) => dialects.extend([dialect(warehouse)]),
            Self::Mapped(warehouses) => dialects.extend(warehouses.values().map(|name| dialect(name))),
        }
        match (dialects.pop_first().flatten(), dialects.is_empty()) {
            (Some(only), true) => only,
            _ => "postgres",
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

/// Analyses a reading. A parser that fails marks the items; the ingest goes on.
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
    add_views(&mut pull, &reading.lookml, warehouses.of_lookml(), service);
    pull
}

fn add_views(pull: &mut Pull, lookml: &[LookmlFile], dialect: &str, service: &Service) {
    for file in lookml {
        pull.files
            .insert(format!("lookml/{}", file.path), file.content.clone().into_bytes());
    }
    if lookml.is_empty() {
        return;
    }
    let parsed = match ports::parse_lookml(service, lookml, dialect) {
        Ok(parsed) => parsed,
        Err(error) => {
            pull.warnings.push(format!("lookml_parse_failed:{error}"));
            return;
        }
    };
    for view in parsed
        .get("views")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
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
        let path = format!("views/{name}.json");
        pull.add_json(path.clone(), view);
        pull.units
            .push(WorkUnit::new(format!("looker-view-{name}"), vec![path]));
    }
    for skipped in parsed
        .get("skipped_views")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |field: &str| skipped.get(field).and_then(Value::as_str).unwrap_or("unknown");
        pull.warnings
            .push(format!("view_skipped:{}: {}", text("name"), text("reason")));
    }
    if let Some(joins) = parsed
        .get("joins")
        .and_then(Value::as_array)
        .filter(|joins| !joins.is_empty())
    {
        pull.add_json("joins.json".to_owned(), joins);
        pull.units
            .push(WorkUnit::new("looker-joins", vec!["joins.json".to_owned()]));
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// Base tables under `<model>.<explore>`, joined ones under `<model>.<explore>.<join>`. The tables of an explore whose
/// connection is not mapped are nobody's here.
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
