//! Shards from a snapshot, merged over the shards that are there.
//!
//! From the warehouse: tables, columns, types, keys, formal joins, `descriptions.db`. From people and earlier
//! detections: other descriptions, joins of other origins whose columns still exist, keys we do not know.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Driver;
use crate::scan::relationships::{Decision, Relationship as Detected};
use crate::semantic::{JoinOrigin, Relationship, Shard, ShardColumn, ShardJoin, ShardTable};
use crate::snapshot::{ForeignKey, SnapshotColumn, Table};

/// The shard that a table belongs to, without its extension.
pub fn shard_of(driver: &Driver, table: &Table) -> String {
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

/// The shards of a snapshot alone. A name that two schemas share is qualified in the later one.
pub fn shards_of(driver: &Driver, tables: &[Table], detected: &[Detected]) -> BTreeMap<String, Shard> {
    let mut shards: BTreeMap<String, Shard> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for table in tables {
        let name = match taken.insert(table.name.clone()) {
            true => table.name.clone(),
            false => format!("{}_{}", table.db.as_deref().unwrap_or("other"), table.name),
        };
        taken.insert(name.clone());
        names.insert(table.path(), name.clone());
        let entry = shards.entry(shard_of(driver, table)).or_default();
        entry.tables.insert(name, shard_table(driver, table));
    }
    let mut joins: Vec<(String, ShardJoin)> = Vec::new();
    for table in tables {
        let from = &names[&table.path()];
        for (target, pairs) in keys_of(table, tables) {
            if let Some(to) = names.get(&target.path()) {
                joins.extend(both_ways(from, to, &pairs, JoinOrigin::Formal));
            }
        }
    }
    for found in detected
        .iter()
        .filter(|found| found.decision == Decision::Accepted)
    {
        if let (Some(from), Some(to)) = (names.get(&found.from_table), names.get(&found.to_table)) {
            let pair = (found.from_column.as_str(), found.to_column.as_str());
            joins.extend(both_ways(from, to, &[pair], JoinOrigin::Inferred));
        }
    }
    for shard in shards.values_mut() {
        for (name, table) in &mut shard.tables {
            for (_, join) in joins.iter().filter(|(owner, _)| owner == name) {
                if !table.joins.contains(join) {
                    table.joins.push(join.clone());
                }
            }
        }
    }
    shards
}

/// A column and the one that it refers to.
type Pair<'t> = (&'t str, &'t str);

/// The foreign keys of a table, each with all its columns: a part of a key tells rows of its target apart no better
/// than any other column.
fn keys_of<'t>(table: &'t Table, tables: &'t [Table]) -> Vec<(&'t Table, Vec<Pair<'t>>)> {
    let mut keys: Vec<(Option<&str>, &Table, Vec<Pair<'_>>)> = Vec::new();
    for part in &table.foreign_keys {
        let Some(target) = target_of(table, part, tables) else {
            continue;
        };
        let (name, pair) = (
            part.constraint_name.as_deref(),
            (part.from_column.as_str(), part.to_column.as_str()),
        );
        let begun = keys.iter_mut().find(|(known, to, pairs)| {
            to.path() == target.path()
                && *known == name
                && (name.is_some() || continues_key(target, pairs, &part.to_column))
        });
        match begun {
            Some((_, _, pairs)) => pairs.push(pair),
            None => keys.push((name, target, vec![pair])),
        }
    }
    keys.into_iter()
        .map(|(_, target, pairs)| (target, pairs))
        .collect()
}

/// SQLite does not name its keys. Columns that refer to different parts of one primary key belong together.
fn continues_key(target: &Table, pairs: &[Pair<'_>], column: &str) -> bool {
    let is_part = |name: &str| target.column(name).is_some_and(|column| column.primary_key);
    is_part(column) && pairs.iter().all(|(_, known)| is_part(known) && *known != column)
}

/// Without a schema of its own a key means the table beside; SQLite takes any letter case.
fn target_of<'t>(table: &Table, key: &ForeignKey, tables: &'t [Table]) -> Option<&'t Table> {
    let db = key.to_db.as_ref().or(table.db.as_ref());
    let beside = |target: &&Table| target.catalog == table.catalog && target.db.as_ref() == db;
    let mut candidates = tables.iter().filter(beside);
    let exact = candidates.clone().find(|target| target.name == key.to_table);
    exact.or_else(|| candidates.find(|target| target.name.eq_ignore_ascii_case(&key.to_table)))
}

fn both_ways(from: &str, to: &str, pairs: &[Pair<'_>], source: JoinOrigin) -> [(String, ShardJoin); 2] {
    let join = |to: &str, on: Vec<String>, relationship| ShardJoin {
        to: to.to_owned(),
        on: on.join(" AND "),
        relationship,
        source,
    };
    let there = pairs
        .iter()
        .map(|(column, target)| format!("{from}.{column} = {to}.{target}"));
    let back = pairs
        .iter()
        .map(|(column, target)| format!("{to}.{target} = {from}.{column}"));
    [
        (
            from.to_owned(),
            join(to, there.collect(), Relationship::ManyToOne),
        ),
        (to.to_owned(), join(from, back.collect(), Relationship::OneToMany)),
    ]
}

fn shard_table(driver: &Driver, table: &Table) -> ShardTable {
    let mut descriptions = BTreeMap::new();
    if let Some(comment) = table.comment.as_ref().filter(|comment| !comment.is_empty()) {
        descriptions.insert("db".to_owned(), comment.clone());
    }
    ShardTable {
        table: table_name(driver, table),
        descriptions,
        columns: table.columns.iter().map(shard_column).collect(),
        joins: Vec::new(),
        other: BTreeMap::new(),
    }
}

/// As statements of one connection name it: only warehouses whose statements cross catalogs need theirs.
fn table_name(driver: &Driver, table: &Table) -> String {
    match (driver.as_str(), &table.db) {
        ("snowflake" | "databricks" | "bigquery", _) | (_, None) => table.path(),
        (_, Some(db)) => format!("{db}.{}", table.name),
    }
}

fn shard_column(column: &SnapshotColumn) -> ShardColumn {
    let mut descriptions = BTreeMap::new();
    if let Some(comment) = column.comment.as_ref().filter(|comment| !comment.is_empty()) {
        descriptions.insert("db".to_owned(), comment.clone());
    }
    ShardColumn {
        name: column.name.clone(),
        kind: column.dimension_type.clone(),
        pk: column.primary_key,
        nullable: column.nullable,
        descriptions,
        other: BTreeMap::new(),
    }
}

/// Carries into `fresh` what people wrote in `existing`. Joins are kept as long as both their columns exist.
pub fn keep_written(fresh: &mut Shard, existing: &Shard, all_columns: &BTreeMap<String, BTreeSet<String>>) {
    for (name, table) in &mut fresh.tables {
        let Some(old) = existing.tables.get(name) else {
            continue;
        };
        keep_descriptions(&mut table.descriptions, &old.descriptions);
        table.other.clone_from(&old.other);
        for column in &mut table.columns {
            if let Some(old) = old.columns.iter().find(|old| old.name == column.name) {
                keep_descriptions(&mut column.descriptions, &old.descriptions);
                column.other.clone_from(&old.other);
            }
        }
        let columns = std::mem::take(&mut table.columns);
        table.columns = in_written_order(columns, &old.columns, |column| column.name.clone());
        let ours: Vec<(String, String)> = table
            .joins
            .iter()
            .map(|join| (join.to.clone(), join.on.clone()))
            .collect();
        for join in &old.joins {
            let known = ours.contains(&(join.to.clone(), join.on.clone()));
            if join.source != JoinOrigin::Formal && !known && columns_exist(name, join, all_columns) {
                table.joins.push(join.clone());
            }
        }
        let joins = std::mem::take(&mut table.joins);
        table.joins = in_written_order(joins, &old.joins, |join| (join.to.clone(), join.on.clone()));
    }
}

/// What was written keeps its order; each new item follows the one that it follows in the warehouse.
fn in_written_order<T, K: Ord>(fresh: Vec<T>, written: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let places: BTreeMap<K, usize> = written
        .iter()
        .enumerate()
        .map(|(place, item)| (key(item), place))
        .collect();
    let mut order: Vec<(Option<usize>, T)> = Vec::with_capacity(fresh.len());
    let mut previous = None;
    for item in fresh {
        previous = places.get(&key(&item)).copied().or(previous);
        order.push((previous, item));
    }
    order.sort_by_key(|(place, _)| *place);
    order.into_iter().map(|(_, item)| item).collect()
}

fn keep_descriptions(fresh: &mut BTreeMap<String, String>, old: &BTreeMap<String, String>) {
    for (author, text) in old {
        if author != "db" {
            fresh.insert(author.clone(), text.clone());
        }
    }
}

/// Reads `a.x = b.y AND …` loosely: a side that is no plain column is given the benefit of the doubt.
fn columns_exist(table: &str, join: &ShardJoin, columns: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let Some(targets) = columns.get(&join.to) else {
        return false;
    };
    let locals = columns.get(table);
    join.on
        .split('=')
        .flat_map(|side| {
            side.split_whitespace()
                .filter(|word| !word.eq_ignore_ascii_case("and"))
        })
        .all(|word| match word.split_once('.') {
            Some((owner, column)) if owner == table => locals.is_some_and(|locals| locals.contains(column)),
            Some((owner, column)) if owner == join.to => targets.contains(column),
            _ => true,
        })
}
