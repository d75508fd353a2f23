//! A manifest shard: the tables of one schema as the last scan found them, with what people wrote beside them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::shape::{descriptions, named};
use super::source::{Column, ColumnType, Descriptions, Join, Relationship, Role, Source};
use crate::snapshot::TableKind;
use crate::yaml::{Fields, Finding, Node};

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Shard {
    pub tables: BTreeMap<String, ShardTable>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardTable {
    pub table: String,
    /// Written only for what is not a plain table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<TableKind>,
    #[serde(skip_serializing_if = "Descriptions::is_empty")]
    pub descriptions: Descriptions,
    pub columns: Vec<ShardColumn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<ShardJoin>,
    /// Unknown keys, kept as they were written.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pk: bool,
    /// Written only when the column refuses nulls.
    #[serde(skip_serializing_if = "is_true")]
    pub nullable: bool,
    #[serde(skip_serializing_if = "Descriptions::is_empty")]
    pub descriptions: Descriptions,
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardJoin {
    pub to: String,
    pub on: String,
    pub relationship: Relationship,
    pub source: JoinOrigin,
    /// The role that the target plays, where one table is joined twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Where a join comes from: a foreign key, our own inference, or a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinOrigin {
    Formal,
    Inferred,
    Manual,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_true(flag: &bool) -> bool {
    *flag
}

impl Shard {
    /// The whole shard, as a scan amends it: what it does not know is kept as it is.
    pub fn read(node: &Node) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let (tables, _) = read_tables(node, &mut findings);
        if findings.is_empty() {
            Ok(Self { tables })
        } else {
            Err(findings)
        }
    }

    /// The tables that a model can use, and the first fault of each other one; a fault without a table is the file's.
    /// What a scan keeps but no query reads is a fault here.
    pub fn read_each(node: &Node) -> (Self, Vec<(Option<String>, Finding)>) {
        let mut findings = Vec::new();
        let (mut tables, mut unknown) = read_tables(node, &mut findings);
        findings.append(&mut unknown);
        let mut faults: Vec<(Option<String>, Finding)> = Vec::new();
        for finding in findings {
            let table = finding.path.strip_prefix("tables.").and_then(|inner| {
                let names = node.get("tables").map(Node::keys).into_iter().flatten();
                let mut names: Vec<&str> = names.collect();
                // The longest that fits: a table may have a dot in its name.
                names.sort_by_key(|name| std::cmp::Reverse(name.len()));
                let fits = |name: &&str| {
                    let rest = inner.strip_prefix(*name);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                names.into_iter().find(fits).map(str::to_owned)
            });
            if let Some(table) = &table {
                tables.remove(table);
            }
            if !faults.iter().any(|(known, _)| *known == table) {
                faults.push((table, finding));
            }
        }
        (Self { tables }, faults)
    }
}

/// The tables, and the keys that are not known.
fn read_tables(node: &Node, findings: &mut Vec<Finding>) -> (BTreeMap<String, ShardTable>, Vec<Finding>) {
    let (mut tables, mut unknown) = (BTreeMap::new(), Vec::new());
    if let Some(mut fields) = Fields::open(node, "", findings) {
        if fields.node("tables").is_none() {
            fields.refuse("tables", "is required: a map of table names");
        }
        for (key, node) in fields.entries("tables") {
            let path = format!("tables.{}", key.name);
            if let Some(mut table) = Fields::open(node, path, fields.findings())
                && let Some(table) = read_table(&mut table, &key.name, &mut unknown)
            {
                tables.insert(key.name.clone(), table);
            }
        }
    }
    (tables, unknown)
}

const TABLE_KEYS: &[&str] = &["table", "kind", "descriptions", "columns", "joins"];
const COLUMN_KEYS: &[&str] = &["name", "type", "pk", "nullable", "descriptions"];
const JOIN_KEYS: &[&str] = &["to", "on", "relationship", "source", "alias"];

fn read_table(fields: &mut Fields<'_, '_>, name: &str, unknown: &mut Vec<Finding>) -> Option<ShardTable> {
    let table = fields.required_text("table");
    let kind = fields.word("kind", TableKind::WORDS).and_then(TableKind::parse);
    unknown.extend(fields.unknown(&named("table", Some(name)), TABLE_KEYS));
    let mut columns = Vec::new();
    for (position, node) in fields.list("columns").into_iter().enumerate() {
        let path = format!("{}.{position}", fields.path_of("columns"));
        let Some(mut column) = Fields::open(node, path, fields.findings()) else {
            continue;
        };
        let (name, kind) = (column.required_text("name"), column.required_text("type"));
        let (pk, nullable) = (column.flag("pk"), column.flag("nullable"));
        let descriptions = descriptions(&mut column);
        unknown.extend(column.unknown(&named("column", name.as_deref()), COLUMN_KEYS));
        if let (Some(name), Some(kind)) = (name, kind) {
            columns.push(ShardColumn {
                name,
                kind,
                pk: pk.unwrap_or(false),
                nullable: nullable.unwrap_or(true),
                descriptions,
                other: unknown_keys(&column, COLUMN_KEYS),
            });
        }
    }
    let mut joins = Vec::new();
    for (position, node) in fields.list("joins").into_iter().enumerate() {
        let path = format!("{}.{position}", fields.path_of("joins"));
        let Some(mut join) = Fields::open(node, path, fields.findings()) else {
            continue;
        };
        let (to, on) = (join.required_text("to"), join.required_text("on"));
        let alias = join.text("alias");
        unknown.extend(join.unknown(&named("join", to.as_deref()), JOIN_KEYS));
        let relationship = join
            .word("relationship", Relationship::WORDS)
            .and_then(Relationship::parse);
        let origin = match join.word("source", &["formal", "inferred", "manual"]) {
            Some("formal") => JoinOrigin::Formal,
            Some("inferred") => JoinOrigin::Inferred,
            // A join without an origin was typed in by somebody.
            _ => JoinOrigin::Manual,
        };
        if let (Some(to), Some(on)) = (to, on) {
            joins.push(ShardJoin {
                to,
                on,
                relationship: relationship.unwrap_or(Relationship::ManyToOne),
                source: origin,
                alias,
            });
        }
    }
    let other = unknown_keys(fields, TABLE_KEYS);
    Some(ShardTable {
        table: table?,
        kind,
        descriptions: descriptions(fields),
        columns,
        joins,
        other,
    })
}

fn unknown_keys(fields: &Fields<'_, '_>, known: &[&str]) -> BTreeMap<String, Value> {
    let others = fields.keys().filter(|key| !known.contains(key));
    others
        .filter_map(|key| Some((key.to_owned(), fields.node(key)?.to_json())))
        .collect()
}

impl ShardTable {
    /// The table as a whole source: its key is its grain, without a key every column is.
    pub fn to_source(&self, name: &str) -> Source {
        let keys: Vec<String> = self
            .columns
            .iter()
            .filter(|c| c.pk)
            .map(|c| c.name.clone())
            .collect();
        Source {
            name: name.to_owned(),
            table: Some(self.table.clone()),
            sql: None,
            grain: match keys.is_empty() {
                true => self.columns.iter().map(|column| column.name.clone()).collect(),
                false => keys,
            },
            columns: self.columns.iter().map(ShardColumn::to_column).collect(),
            joins: self
                .joins
                .iter()
                .map(|join| Join {
                    to: join.to.clone(),
                    on: join.on.clone(),
                    relationship: join.relationship,
                    alias: join.alias.clone(),
                })
                .collect(),
            measures: Vec::new(),
            segments: Vec::new(),
            description: None,
            descriptions: self.descriptions.clone(),
            metadata: BTreeMap::new(),
        }
    }
}

impl ShardColumn {
    fn to_column(&self) -> Column {
        let kind = ColumnType::of_native(&self.kind);
        Column {
            name: self.name.clone(),
            kind,
            visibility: None,
            role: (kind == ColumnType::Time).then_some(Role::Time),
            expr: None,
            description: None,
            descriptions: self.descriptions.clone(),
            metadata: BTreeMap::new(),
        }
    }
}
