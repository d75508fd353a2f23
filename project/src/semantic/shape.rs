//! Shape of one source file: YAML in, a typed source or overlay out, with every mistake at its path. Whether
//! the expressions make sense is checked by the payload.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::overlay::{ColumnOverlay, Overlay};
use super::source::{
    Column, ColumnType, Descriptions, Join, Measure, Relationship, Role, Segment, Source, Visibility,
    best_description,
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

/// Whether a file proposes what people may copy into sources, and defines none itself.
pub fn is_proposals(node: &Node) -> bool {
    node.get("proposals").is_some() && node.get("name").is_none()
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
    fields.only(
        &named("source", name.as_deref()),
        &[&SOURCE_KEYS[..], &SHARED_KEYS].concat(),
    );
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
    refuse_duplicates(
        fields,
        "columns",
        columns.iter().map(|column| column.name.as_str()),
    );
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
        metadata: metadata(fields, &NOTES),
    })
}

fn overlay(fields: &mut Fields<'_, '_>) -> Option<Overlay> {
    let name = fields.required_text("name");
    fields.only(
        &named("overlay", name.as_deref()),
        &[&OVERLAY_KEYS[..], &SHARED_KEYS].concat(),
    );
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
                name: {
                    let name = column.required_text("name");
                    column.only(&named("column", name.as_deref()), DESCRIBED_COLUMN_KEYS);
                    name?
                },
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
        metadata: metadata(fields, &NOTES),
    })
}

/// Notes for other programs, which no query reads.
const NOTES: [&str; 3] = ["default_time_dimension", "tags", "freshness"];
const COLUMN_NOTES: [&str; 5] = [
    "natural_granularity",
    "constraints",
    "enum_values",
    "tests",
    "value_format",
];

/// What a source and an overlay may both have.
const SHARED_KEYS: [&str; 13] = [
    "name",
    "grain",
    "columns",
    "joins",
    "measures",
    "segments",
    "description",
    "descriptions",
    "default_time_dimension",
    "tags",
    "freshness",
    "source_type",
    "inherits_columns_from",
];
const SOURCE_KEYS: [&str; 2] = ["table", "sql"];
const OVERLAY_KEYS: [&str; 2] = ["exclude_columns", "disable_joins"];
const COLUMN_KEYS: &[&str] = &[
    "name",
    "type",
    "visibility",
    "role",
    "expr",
    "description",
    "descriptions",
    "natural_granularity",
    "constraints",
    "enum_values",
    "tests",
    "value_format",
];
const DESCRIBED_COLUMN_KEYS: &[&str] = &[
    "name",
    "expr",
    "type",
    "visibility",
    "description",
    "descriptions",
];
const JOIN_KEYS: &[&str] = &["to", "on", "relationship", "alias", "description", "descriptions"];
const MEASURE_KEYS: &[&str] = &[
    "name",
    "expr",
    "filter",
    "segments",
    "description",
    "descriptions",
    "type",
    "window",
    "grain_to_date",
    "offset",
    "fill",
    "value_format",
];
/// By which a measure counts other rows than those of its group's period; the compiler reads them.
const SPAN_KEYS: [&str; 6] = [
    "type",
    "window",
    "grain_to_date",
    "offset",
    "fill",
    "value_format",
];
const SEGMENT_KEYS: &[&str] = &["name", "expr", "description", "descriptions"];

/// ``measure `gross` ``, as messages speak of it.
pub(super) fn named(what: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{what} `{name}`"),
        None => format!("a {what}"),
    }
}

/// The description, or the best of `descriptions`.
fn best_text(fields: &mut Fields<'_, '_>) -> Option<String> {
    let (text, texts) = (fields.text("description"), descriptions(fields));
    best_description(text.as_deref(), &texts).map(str::to_owned)
}

/// Two of one name in a list: which of them is meant cannot be told.
fn refuse_duplicates<'i>(fields: &mut Fields<'_, '_>, key: &str, names: impl Iterator<Item = &'i str>) {
    let mut seen = BTreeSet::new();
    let what = key.trim_end_matches('s');
    let twice: Vec<&str> = names.filter(|name| !seen.insert(*name)).collect();
    for name in twice {
        fields.refuse(key, format!("duplicate {what} `{name}`"));
    }
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
    let name = column.required_text("name");
    column.only(&named("column", name.as_deref()), COLUMN_KEYS);
    Some(Column {
        name: name?,
        kind,
        visibility: visibility(column),
        role: column.word("role", Role::WORDS).and_then(Role::parse),
        expr: column.text("expr"),
        description: column.text("description"),
        descriptions: descriptions(column),
        metadata: metadata(column, &COLUMN_NOTES),
    })
}

fn joins(fields: &mut Fields<'_, '_>) -> Vec<Join> {
    let joins = items(fields, "joins", |join| {
        let (to, on) = (join.required_text("to"), join.required_text("on"));
        join.only(&named("join", to.as_deref()), JOIN_KEYS);
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
    });
    let names = joins
        .iter()
        .map(|join: &Join| join.alias.as_deref().unwrap_or(&join.to));
    refuse_duplicates(fields, "joins", names);
    joins
}

fn measures(fields: &mut Fields<'_, '_>) -> Vec<Measure> {
    let measures = items(fields, "measures", |measure| {
        let (name, expr) = (measure.required_text("name"), measure.required_text("expr"));
        measure.only(&named("measure", name.as_deref()), MEASURE_KEYS);
        let filter = measure.text("filter");
        let segments = measure.texts("segments");
        Some(Measure {
            name: name?,
            expr: expr?,
            filter,
            segments,
            description: best_text(measure),
            span: metadata(measure, &SPAN_KEYS),
        })
    });
    refuse_duplicates(
        fields,
        "measures",
        measures.iter().map(|measure: &Measure| measure.name.as_str()),
    );
    measures
}

fn segments(fields: &mut Fields<'_, '_>) -> Vec<Segment> {
    let segments = items(fields, "segments", |segment| {
        let (name, expr) = (segment.required_text("name"), segment.required_text("expr"));
        segment.only(&named("segment", name.as_deref()), SEGMENT_KEYS);
        Some(Segment {
            name: name?,
            expr: expr?,
            description: best_text(segment),
        })
    });
    refuse_duplicates(
        fields,
        "segments",
        segments.iter().map(|segment: &Segment| segment.name.as_str()),
    );
    segments
}

pub(super) fn descriptions(fields: &mut Fields<'_, '_>) -> Descriptions {
    let mut texts = Descriptions::new();
    let path = fields.path_of("descriptions");
    for (author, node) in fields.entries("descriptions") {
        match node.as_text() {
            Some(text) => {
                texts.insert(author.name.clone(), text.to_owned());
            }
            None => fields.findings().push(Finding::new(
                format!("{path}.{}", author.name),
                format!("expected a text, found {}", node.kind()),
                node.place,
            )),
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
