//! A draft of a table that was scanned, as an overlay: only what the scan does not say.

use std::collections::BTreeMap;

use crate::semantic::{Column, ColumnOverlay, Overlay, Shard, Source, Visibility};
use crate::yaml;
use crate::{ConnectionId, Error, Folder, files};

/// A scanned table as a source, and whether the scan knows its key.
pub struct ScannedTable {
    source: Source,
    has_key: bool,
}

/// Every scanned table by its name. A shard that cannot be read is named by `sl validate`; here it has no tables.
pub fn scanned(folder: &Folder, connection: &ConnectionId) -> Result<BTreeMap<String, ScannedTable>, Error> {
    let mut tables = BTreeMap::new();
    for file in files::yaml_below(&folder.semantic_layer(connection).join("_schema"))? {
        let text = fs_err::read_to_string(&file).map_err(|error| Error::io("read", &file, error))?;
        let Some(shard) = yaml::parse(&text).ok().and_then(|node| Shard::read(&node).ok()) else {
            continue;
        };
        for (name, table) in &shard.tables {
            let scanned = ScannedTable {
                source: table.to_source(name),
                has_key: table.columns.iter().any(|column| column.pk),
            };
            tables.insert(name.clone(), scanned);
        }
    }
    Ok(tables)
}

/// Whether a draft reads the table: the shorter name is the end of the longer one, whatever the quotes and case.
pub fn is_same_table(table: &ScannedTable, draft: &Source) -> bool {
    let (Some(scanned), Some(drafted)) = (&table.source.table, &draft.table) else {
        return false;
    };
    let parts = |name: &str| -> Vec<String> {
        name.split('.')
            .map(|part| {
                part.trim_matches(|letter: char| letter.is_whitespace() || "\"`[]".contains(letter))
                    .to_lowercase()
            })
            .collect()
    };
    let (scanned, drafted) = (parts(scanned), parts(drafted));
    scanned.ends_with(&drafted) || drafted.ends_with(&scanned)
}

/// The overlay's text, and what it had to leave out.
pub fn of(draft: &Source, table: &ScannedTable, read: &[String]) -> (String, Vec<String>) {
    let mut lost = Vec::new();
    let overlay = Overlay {
        name: draft.name.clone(),
        grain: grain(draft, table),
        columns: draft
            .columns
            .iter()
            .filter_map(|column| column_overlay(column, table, read))
            .collect(),
        exclude_columns: Vec::new(),
        disable_joins: Vec::new(),
        joins: draft
            .joins
            .iter()
            .filter(|join| {
                let other = table.source.joins.iter().find(|known| {
                    known.alias.as_ref().unwrap_or(&known.to) == join.alias.as_ref().unwrap_or(&join.to)
                });
                let is_free = other.is_none_or(|known| known.on == join.on);
                if !is_free {
                    lost.push(format!(
                        "the join to `{}` was left out: the scan joins it on another condition",
                        join.to
                    ));
                }
                is_free && other.is_none()
            })
            .cloned()
            .collect(),
        measures: draft.measures.clone(),
        segments: draft.segments.clone(),
        descriptions: draft
            .description
            .iter()
            .map(|text| ("user".to_owned(), text.clone()))
            .collect(),
        metadata: draft.metadata.clone(),
    };
    (yaml::to_text(&overlay), lost)
}

/// The scan's key is the database's own; a draft's counts where there is none.
fn grain(draft: &Source, table: &ScannedTable) -> Vec<String> {
    let physical = draft
        .columns
        .iter()
        .filter(|column| column.expr.is_none())
        .count();
    match table.has_key || draft.grain.len() == physical {
        true => Vec::new(),
        false => draft
            .grain
            .iter()
            .map(|name| found(table, name).map_or_else(|| name.clone(), |column| column.name.clone()))
            .collect(),
    }
}

fn found<'t>(table: &'t ScannedTable, name: &str) -> Option<&'t Column> {
    let columns = &table.source.columns;
    columns.iter().find(|column| column.name == name).or_else(|| {
        columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    })
}

fn column_overlay(column: &Column, table: &ScannedTable, read: &[String]) -> Option<ColumnOverlay> {
    if column.expr.is_some() {
        return Some(ColumnOverlay::Computed(column.clone()));
    }
    let Some(known) = found(table, &column.name) else {
        // The scan is older than the column: it is computed from itself.
        return Some(ColumnOverlay::Computed(Column {
            expr: Some(column.name.clone()),
            ..column.clone()
        }));
    };
    let hidden = column.visibility == Some(Visibility::Hidden) && !read.contains(&column.name);
    let mut descriptions = column.descriptions.clone();
    if let Some(text) = &column.description {
        descriptions.insert("user".to_owned(), text.clone());
    }
    (hidden || !descriptions.is_empty()).then(|| ColumnOverlay::Described {
        name: known.name.clone(),
        visibility: hidden.then_some(Visibility::Hidden),
        descriptions,
    })
}
