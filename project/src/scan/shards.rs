//! What the tables of a snapshot are as manifest shards, with nothing of what people wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{role, written};
use super::relationships::{Decision, Relationship as Detected};
use super::report::Warning;
use crate::config::Driver;
use crate::semantic::{JoinOrigin, Relationship, Shard, ShardColumn, ShardJoin, ShardTable};
use crate::snapshot::{ForeignKey, SnapshotColumn, Table, TableKind};

/// The shards by their file names, without extension.
#[derive(Debug, Default)]
pub struct Shards {
    pub shards: BTreeMap<String, Shard>,
    pub warnings: Vec<Warning>,
}

/// Sources of earlier scans by the table that each was made from.
pub type KnownNames = BTreeMap<String, String>;

impl Shards {
    /// A source keeps the table it was made from. A new table whose name is taken is qualified with its schema.
    pub fn of(driver: &Driver, tables: &[Table], detected: &[Detected], known: &KnownNames) -> Self {
        let mut found = Self::default();
        let tables: Vec<&Table> = tables.iter().filter(|table| !table.columns.is_empty()).collect();
        let names = found.name(driver, &tables, known);
        for table in &tables {
            let entry = found.shards.entry(shard_of(driver, table)).or_default();
            entry
                .tables
                .insert(names[&table.path()].clone(), shard_table(driver, table));
        }
        for (owner, join) in joins(&tables, detected, &names) {
            let mut shards = found.shards.values_mut();
            let table = shards.find_map(|shard| shard.tables.get_mut(&owner));
            if let Some(table) = table.filter(|table| !table.joins.contains(&join)) {
                table.joins.push(join);
            }
        }
        found
    }

    pub fn table(&self, name: &str) -> Option<&ShardTable> {
        self.shards.values().find_map(|shard| shard.tables.get(name))
    }

    fn name(&mut self, driver: &Driver, tables: &[&Table], known: &KnownNames) -> BTreeMap<String, String> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for table in tables {
            if let Some(name) = known.get(&unquoted(&table_name(driver, table))) {
                taken.insert(name.clone());
                names.insert(table.path(), name.clone());
            }
        }
        for table in tables {
            if names.contains_key(&table.path()) {
                continue;
            }
            let mut name = table.name.clone();
            if taken.contains(&name) {
                name = format!("{}_{}", table.db.as_deref().unwrap_or("other"), table.name);
                let message = format!(
                    "a source `{}` is there already: this table is the source `{name}`",
                    table.name
                );
                self.warnings
                    .push(Warning::new("table_renamed", message).about(&table.path()));
            }
            taken.insert(name.clone());
            names.insert(table.path(), name);
        }
        names
    }
}

/// The shard that a table belongs to, without its extension.
fn shard_of(driver: &Driver, table: &Table) -> String {
    let name = match driver.as_str() {
        "snowflake" | "databricks" => {
            let (catalog, db) = (table.catalog.as_deref(), table.db.as_deref());
            format!("{}.{}", catalog.unwrap_or("default"), db.unwrap_or("public"))
        }
        "bigquery" | "mysql" | "clickhouse" => table
            .db
            .as_deref()
            .or(table.catalog.as_deref())
            .unwrap_or("default")
            .to_owned(),
        _ => table.db.as_deref().unwrap_or("public").to_owned(),
    };
    // A schema may be called anything; a file may not.
    name.replace(['/', '\\', '\0'], "_")
}

/// The name of a table without the quotes that SQL needs.
pub fn unquoted(table: &str) -> String {
    super::names::parts(table).join(".")
}

/// A column and the one that it refers to.
type Pair<'t> = (&'t str, &'t str);

/// A key, declared or detected, of a table.
struct TableKey<'t> {
    from: &'t Table,
    to: &'t Table,
    pairs: Vec<Pair<'t>>,
    origin: JoinOrigin,
}

/// The joins of every source, by the source that declares them. Two keys from one table to another, and a key to the
/// table itself, are roles; a role is declared once, any other join from both sides.
fn joins(
    tables: &[&Table],
    detected: &[Detected],
    names: &BTreeMap<String, String>,
) -> Vec<(String, ShardJoin)> {
    let mut keys: Vec<TableKey<'_>> = Vec::new();
    for table in tables {
        keys.extend(keys_of(table, tables));
    }
    let by_path: BTreeMap<String, &Table> = tables.iter().map(|table| (table.path(), *table)).collect();
    let accepted = detected
        .iter()
        .filter(|found| found.decision == Decision::Accepted);
    for found in accepted {
        if let (Some(from), Some(to)) = (by_path.get(&found.from_table), by_path.get(&found.to_table)) {
            keys.push(TableKey {
                from,
                to,
                pairs: vec![(found.from_column.as_str(), found.to_column.as_str())],
                origin: JoinOrigin::Inferred,
            });
        }
    }
    let ends: Vec<(&String, &String)> = keys
        .iter()
        .map(|key| (&names[&key.from.path()], &names[&key.to.path()]))
        .collect();
    let mut declared: BTreeMap<(&String, &String), usize> = BTreeMap::new();
    let mut all: BTreeMap<(&String, &String), usize> = BTreeMap::new();
    for (key, ends) in keys.iter().zip(&ends) {
        *all.entry(*ends).or_default() += 1;
        *declared.entry(*ends).or_default() += usize::from(key.origin == JoinOrigin::Formal);
    }
    let mut taken: BTreeSet<String> = names.values().map(|name| name.to_lowercase()).collect();
    let mut joins = Vec::new();
    for (key, (from, to)) in keys.iter().zip(&ends) {
        // What a detection adds does not rename what the database declares.
        let rivals = match key.origin {
            JoinOrigin::Formal => declared[&(*from, *to)],
            JoinOrigin::Inferred | JoinOrigin::Manual => all[&(*from, *to)],
        };
        if rivals == 1 && from != to {
            joins.extend(both_ways(from, to, key));
            continue;
        }
        let stem = role(key.pairs.first().map_or("", |(column, _)| column));
        let alias = [stem.to_owned(), format!("{from}_{stem}")]
            .into_iter()
            .chain((2..).map(|number| format!("{from}_{stem}_{number}")))
            .find(|alias| !taken.contains(&alias.to_lowercase()))
            .unwrap_or_default();
        taken.insert(alias.to_lowercase());
        let [(owner, mut join), _] = both_ways(from, to, key);
        join.alias = Some(alias);
        joins.push((owner, join));
    }
    joins
}

/// The foreign keys of a table, each with all its columns: a part of a key tells rows of its target apart no better
/// than any other column.
fn keys_of<'t>(table: &'t Table, tables: &[&'t Table]) -> Vec<TableKey<'t>> {
    let mut keys: Vec<(Option<&str>, TableKey<'_>)> = Vec::new();
    for part in &table.foreign_keys {
        let Some(to) = target_of(table, part, tables) else {
            continue;
        };
        let (name, pair) = (
            part.constraint_name.as_deref(),
            (part.from_column.as_str(), part.to_column.as_str()),
        );
        let begun = keys.iter_mut().find(|(known, key)| {
            key.to.path() == to.path()
                && *known == name
                && (name.is_some() || continues_key(to, &key.pairs, &part.to_column))
        });
        match begun {
            Some((_, key)) => key.pairs.push(pair),
            None => keys.push((
                name,
                TableKey {
                    from: table,
                    to,
                    pairs: vec![pair],
                    origin: JoinOrigin::Formal,
                },
            )),
        }
    }
    keys.into_iter().map(|(_, key)| key).collect()
}

/// SQLite does not name its keys. Columns that refer to different parts of one primary key belong together.
fn continues_key(target: &Table, pairs: &[Pair<'_>], column: &str) -> bool {
    let is_part = |name: &str| target.column(name).is_some_and(|column| column.primary_key);
    is_part(column) && pairs.iter().all(|(_, known)| is_part(known) && *known != column)
}

/// A key without a schema refers to a table in the same one; SQLite ignores case.
fn target_of<'t>(table: &Table, key: &ForeignKey, tables: &[&'t Table]) -> Option<&'t Table> {
    let db = key.to_db.as_ref().or(table.db.as_ref());
    let beside = |target: &&&'t Table| target.catalog == table.catalog && target.db.as_ref() == db;
    let mut candidates = tables.iter().filter(beside);
    let exact = candidates.clone().find(|target| target.name == key.to_table);
    exact
        .or_else(|| candidates.find(|target| target.name.eq_ignore_ascii_case(&key.to_table)))
        .copied()
}

fn both_ways(from: &str, to: &str, key: &TableKey<'_>) -> [(String, ShardJoin); 2] {
    let join = |to: &str, on: Vec<String>, relationship| ShardJoin {
        to: to.to_owned(),
        on: on.join(" AND "),
        relationship,
        source: key.origin,
        alias: None,
    };
    let column = |source: &str, column: &str| format!("{}.{}", written(source), written(column));
    let pairs = key.pairs.iter();
    let there = pairs
        .clone()
        .map(|(own, target)| format!("{} = {}", column(from, own), column(to, target)));
    let back = pairs.map(|(own, target)| format!("{} = {}", column(to, target), column(from, own)));
    [
        (
            from.to_owned(),
            join(to, there.collect(), Relationship::ManyToOne),
        ),
        (to.to_owned(), join(from, back.collect(), Relationship::OneToMany)),
    ]
}

fn shard_table(driver: &Driver, table: &Table) -> ShardTable {
    ShardTable {
        table: table_name(driver, table),
        kind: Some(table.kind).filter(|kind| *kind != TableKind::Table),
        descriptions: comment(table.comment.as_deref()),
        columns: table.columns.iter().map(shard_column).collect(),
        joins: Vec::new(),
        other: BTreeMap::new(),
    }
}

/// As statements of one connection name it: only warehouses whose statements cross catalogs need theirs.
fn table_name(driver: &Driver, table: &Table) -> String {
    let with_catalog = matches!(driver.as_str(), "snowflake" | "databricks" | "bigquery");
    let catalog = table
        .catalog
        .as_deref()
        .filter(|_| with_catalog || table.db.is_none());
    let parts = [catalog, table.db.as_deref(), Some(table.name.as_str())];
    parts
        .into_iter()
        .flatten()
        .map(written)
        .collect::<Vec<_>>()
        .join(".")
}

fn shard_column(column: &SnapshotColumn) -> ShardColumn {
    ShardColumn {
        name: column.name.clone(),
        kind: column.dimension_type.clone(),
        pk: column.primary_key,
        nullable: column.nullable,
        descriptions: comment(column.comment.as_deref()),
        other: BTreeMap::new(),
    }
}

fn comment(text: Option<&str>) -> BTreeMap<String, String> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| ("db".to_owned(), text.to_owned()))
        .into_iter()
        .collect()
}
