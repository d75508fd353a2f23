//! Shape of one source file: YAML in, a typed source or overlay out, with every mistake at its path. Whether
//! the expressions make sense is for the payload to say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::overlay::{ColumnOverlay, Overlay};
use super::source::{
    Column, ColumnType, Descriptions, Join, Measure, Relationship, Role, Segment, Source, Visibility,
};
use crate::yaml::{Fields, Finding, Node};

#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    Standalone(Box<Source>),
    Overlay(Box<Overlay>),
}

impl Definition {
    pub fn name(&self) -> &str {
        match self {
            Self::Standalone(source) => &source.name,
            Self::Overlay(overlay) => &overlay.name,
        }
    }
}

/// A file with `table` or `sql` is a whole source, any other an overlay.
pub fn read(node: &Node) -> Result<Definition, Vec<Finding>> {
    let mut findings = Vec::new();
    let definition = match Fields::open(node, "", &mut findings) {
        Some(mut fields) if fields.node("table").is_some() || fields.node("sql").is_some() => {
            standalone(&mut fields).map(|source| Definition::Standalone(Box::new(source)))
        }
        Some(mut fields) => overlay(&mut fields).map(|overlay| Definition::Overlay(Box::new(overlay))),
        None => None,
    };
    match definition {
        Some(definition) if findings.is_empty() => Ok(definition),
        _ => Err(findings),
    }
}

fn standalone(fields: &mut Fields<'_, '_>) -> Option<Source> {
    let name = fields.required_text("name");
    let (table, sql) = (fields.text("table"), fields.text("sql"));
    if table.is_some() && sql.is_some() {
        fields.refuse("", "'table' and 'sql' are mutually exclusive");
    }
    let grain = fields.texts("grain");
    if grain.is_empty() {
        fields.refuse("grain", "grain must be non-empty");
    }
    if fields.node("columns").is_none() {
        fields.refuse("columns", "is required (may be an empty list)");
    }
    let columns = items(fields, "columns", |column| {
        let kind = column_type(column);
        if column.node("type").is_none() {
            column.refuse(
                "type",
                format!("is required: one of {}", ColumnType::WORDS.join(", ")),
            );
        }
        read_column(column, kind?)
    });
    Some(Source {
        name: name?,
        table,
        sql,
        grain,
        columns,
        joins: joins(fields),
        measures: measures(fields),
        segments: segments(fields),
        description: fields.text("description"),
        descriptions: descriptions(fields),
        metadata: metadata(fields, &["default_time_dimension", "tags", "freshness"]),
    })
}

fn overlay(fields: &mut Fields<'_, '_>) -> Option<Overlay> {
    let name = fields.required_text("name");
    let columns = items(fields, "columns", |column| {
        let kind = column_type(column);
        let expr = column.text("expr");
        if kind.is_some() && expr.is_none() {
            column.refuse(
                "expr",
                "is required: an overlay's column with a type is a computed column",
            );
        }
        let computed = kind.is_some() && expr.is_some();
        Some(match computed {
            true => ColumnOverlay::Computed(read_column(column, kind?)?),
            false => ColumnOverlay::Described {
                name: column.required_text("name")?,
                visibility: visibility(column),
                descriptions: described(column),
            },
        })
    });
    Some(Overlay {
        name: name?,
        grain: fields.texts("grain"),
        columns,
        exclude_columns: fields.texts("exclude_columns"),
        disable_joins: fields.texts("disable_joins"),
        joins: joins(fields),
        measures: measures(fields),
        segments: segments(fields),
        descriptions: described(fields),
        metadata: metadata(fields, &["default_time_dimension", "tags", "freshness"]),
    })
}

/// Reads the maps of a list; those with mistakes leave their findings and drop out.
fn items<T>(
    fields: &mut Fields<'_, '_>,
    key: &str,
    mut read: impl FnMut(&mut Fields<'_, '_>) -> Option<T>,
) -> Vec<T> {
    let mut read_items = Vec::new();
    for (position, node) in fields.list(key).into_iter().enumerate() {
        let path = format!("{}.{position}", fields.path_of(key));
        if let Some(mut item) = Fields::open(node, path, fields.findings())
            && let Some(item) = read(&mut item)
        {
            read_items.push(item);
        }
    }
    read_items
}

fn column_type(column: &mut Fields<'_, '_>) -> Option<ColumnType> {
    column.word("type", ColumnType::WORDS).and_then(ColumnType::parse)
}

fn visibility(column: &mut Fields<'_, '_>) -> Option<Visibility> {
    column
        .word("visibility", Visibility::WORDS)
        .and_then(Visibility::parse)
}

fn read_column(column: &mut Fields<'_, '_>, kind: ColumnType) -> Option<Column> {
    Some(Column {
        name: column.required_text("name")?,
        kind,
        visibility: visibility(column),
        role: column.word("role", Role::WORDS).and_then(Role::parse),
        expr: column.text("expr"),
        description: column.text("description"),
        descriptions: descriptions(column),
        metadata: metadata(
            column,
            &["natural_granularity", "constraints", "enum_values", "tests"],
        ),
    })
}

fn joins(fields: &mut Fields<'_, '_>) -> Vec<Join> {
    items(fields, "joins", |join| {
        let (to, on) = (join.required_text("to"), join.required_text("on"));
        let relationship = join
            .word("relationship", Relationship::WORDS)
            .and_then(Relationship::parse);
        if join.node("relationship").is_none() {
            join.refuse(
                "relationship",
                format!("is required: one of {}", Relationship::WORDS.join(", ")),
            );
        }
        Some(Join {
            to: to?,
            on: on?,
            relationship: relationship?,
            alias: join.text("alias"),
        })
    })
}

fn measures(fields: &mut Fields<'_, '_>) -> Vec<Measure> {
    items(fields, "measures", |measure| {
        let (name, expr) = (measure.required_text("name"), measure.required_text("expr"));
        let filter = measure.text("filter");
        let segments = measure.texts("segments");
        Some(Measure {
            name: name?,
            expr: expr?,
            filter,
            segments,
            description: measure.text("description"),
        })
    })
}

fn segments(fields: &mut Fields<'_, '_>) -> Vec<Segment> {
    items(fields, "segments", |segment| {
        let (name, expr) = (segment.required_text("name"), segment.required_text("expr"));
        Some(Segment {
            name: name?,
            expr: expr?,
            description: segment.text("description"),
        })
    })
}

pub(super) fn descriptions(fields: &mut Fields<'_, '_>) -> Descriptions {
    let mut texts = Descriptions::new();
    let path = fields.path_of("descriptions");
    for (author, node) in fields.entries("descriptions") {
        match node.as_text() {
            Some(text) => {
                texts.insert(author.name.clone(), text.to_owned());
            }
            None => fields.findings().push(Finding {
                path: format!("{path}.{}", author.name),
                message: format!("expected a text, found {}", node.kind()),
                place: node.place,
            }),
        }
    }
    texts
}

/// An overlay's flat `description` is its author's own words.
fn described(fields: &mut Fields<'_, '_>) -> Descriptions {
    let mut texts = descriptions(fields);
    if let Some(text) = fields.text("description") {
        texts.entry("user".into()).or_insert(text);
    }
    texts
}

fn metadata(fields: &Fields<'_, '_>, keys: &[&str]) -> BTreeMap<String, Value> {
    keys.iter()
        .filter_map(|key| Some(((*key).to_owned(), fields.node(key)?.to_json())))
        .collect()
}
