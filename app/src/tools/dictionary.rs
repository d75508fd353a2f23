//! Values of columns that have few: what to write in a filter.

use ktx_project::config::Driver;
use ktx_project::semantic::{ColumnType, Source};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::dimensions::is_shown;
use super::sizes;
use crate::databases::{Database, require_readonly};
use crate::{App, Error, Python, Workspace};

/// Columns with more values than this are not listed: their values are data, not words of the model.
const FEW: usize = 50;
/// Rows of a table that are looked at, as a scan does.
const SAMPLE: u64 = 10_000;
/// A search over more tables would take minutes on a slow warehouse.
const MOST_TABLES: usize = 100;

/// What to look for, and where.
#[derive(Debug, Default)]
pub struct DictionaryQuery<'q> {
    pub connection: Option<&'q str>,
    /// A part of a value, without regard to letter case.
    pub text: Option<&'q str>,
    pub source: Option<&'q str>,
    pub column: Option<&'q str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dictionary {
    pub connection_id: String,
    pub columns: Vec<ColumnValues>,
    /// Columns or tables are left out: name a source to look there
    pub truncated: bool,
    /// Tables that could not be read, and why
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ColumnValues {
    /// As sl_query takes it in a filter
    pub dimension: String,
    pub values: Vec<Value>,
}

/// The values of each text column with few, as far as they match.
///
/// # Errors
/// When the connection may not be read, or the named source does not exist.
pub fn search(
    app: &App,
    workspace: &Workspace,
    python: &Python,
    query: &DictionaryQuery<'_>,
) -> Result<Dictionary, Error> {
    let (id, connection) = workspace.connection(query.connection)?;
    require_readonly(id, connection, "dictionary_search")?;
    let catalog = workspace.catalog(app, id)?;
    if let Some(name) = query.source
        && !catalog.entries.contains_key(name)
    {
        return Err(Error::Project(ktx_project::Error::UnknownSource {
            connection: id.clone(),
            name: name.to_owned(),
            nearest: ktx_project::nearest::among(name, catalog.entries.keys().map(String::as_str)),
        }));
    }
    let sources = catalog.entries.values().map(|entry| &entry.source);
    let wanted = |source: &&Source| query.source.is_none_or(|name| source.name == name);
    let mut tables: Vec<&Source> = sources.filter(wanted).collect();
    let mut dictionary = Dictionary {
        connection_id: id.to_string(),
        columns: Vec::new(),
        truncated: tables.len() > MOST_TABLES,
        warnings: Vec::new(),
    };
    tables.truncate(MOST_TABLES);
    let database = Database::open(app, workspace, python, id, connection)?;
    for source in tables {
        app.interrupt.check()?;
        app.desk.progress(&format!("reading values of `{}`", source.name));
        match of_source(&database, &connection.driver, source, query) {
            Ok(found) => dictionary.columns.extend(found),
            Err(error) => dictionary
                .warnings
                .push(format!("failed to read `{}`: {error}", source.name)),
        }
    }
    dictionary.truncated |= sizes::fit(&mut dictionary.columns);
    Ok(dictionary)
}

fn of_source(
    database: &Database<'_>,
    driver: &Driver,
    source: &Source,
    query: &DictionaryQuery<'_>,
) -> Result<Vec<ColumnValues>, Error> {
    let table = match (&source.table, &source.sql) {
        (Some(table), _) => table.clone(),
        (None, Some(sql)) => format!("({sql}) as read"),
        (None, None) => return Ok(Vec::new()),
    };
    let text = query.text.map(str::to_lowercase);
    let mut found = Vec::new();
    let texts = source.columns.iter().filter(|column| {
        column.kind == ColumnType::Text
            && column.expr.is_none()
            && is_shown(column)
            && query.column.is_none_or(|name| column.name == name)
    });
    for column in texts {
        let name = driver.quoted(&column.name);
        let sql = format!(
            "select distinct {name} from (select {name} from {table} limit {SAMPLE}) as sample where {name} is not null order by 1"
        );
        let rows = database.query(&sql, FEW as u64 + 1)?.rows;
        if rows.len() > FEW {
            continue;
        }
        let matches = |value: &Value| match (&text, value) {
            (Some(text), Value::String(value)) => value.to_lowercase().contains(text),
            (Some(text), value) => value.to_string().contains(text),
            (None, _) => true,
        };
        let values: Vec<Value> = rows
            .into_iter()
            .filter_map(|mut row| row.pop())
            .filter(matches)
            .collect();
        if !values.is_empty() {
            found.push(ColumnValues {
                dimension: format!("{}.{}", source.name, column.name),
                values,
            });
        }
    }
    Ok(found)
}
