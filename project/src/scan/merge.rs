//! Shards from a snapshot, merged over the shards that are there.
//!
//! From the warehouse: tables, columns, types, keys, formal joins, `descriptions.db`. From people and earlier
//! detections: everything that differs from what the last scan wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{self, written};
use super::shards::Shards;
use crate::semantic::{JoinOrigin, Shard, ShardColumn, ShardJoin, ShardTable};

/// Carries into `fresh` what people wrote in `existing`, which is told by what the scan before wrote, `base`. A join that
/// names a column that is gone is dropped.
pub fn keep_written(fresh: &mut Shard, existing: &Shard, base: &Shards, columns: &Columns) {
    for (name, table) in &mut fresh.tables {
        let Some(old) = existing.tables.get(name) else {
            continue;
        };
        keep_table(name, table, old, base.table(name), columns);
    }
}

/// The columns of each source.
pub type Columns = BTreeMap<String, BTreeSet<String>>;

fn keep_table(
    name: &str,
    table: &mut ShardTable,
    old: &ShardTable,
    base: Option<&ShardTable>,
    columns: &Columns,
) {
    keep_descriptions(&mut table.descriptions, &old.descriptions);
    table.other.clone_from(&old.other);
    for column in &mut table.columns {
        let of = |table: &'_ ShardTable| table.columns.iter().position(|known| known.name == column.name);
        if let Some(old) = of(old).map(|place| &old.columns[place]) {
            let base = base.and_then(|base| of(base).map(|place| &base.columns[place]));
            keep_column(column, old, base);
        }
    }
    let fresh = std::mem::take(&mut table.columns);
    table.columns = in_written_order(fresh, &old.columns, |column| column.name.clone());
    let fresh = std::mem::take(&mut table.joins);
    let before = base.map_or(&[][..], |base| &base.joins);
    table.joins = in_written_order(
        merged_joins(name, fresh, &old.joins, before, columns),
        &old.joins,
        identity,
    );
}

fn keep_column(column: &mut ShardColumn, old: &ShardColumn, base: Option<&ShardColumn>) {
    keep_descriptions(&mut column.descriptions, &old.descriptions);
    column.other.clone_from(&old.other);
    // Without the scan before, nobody can tell a repair from an older database.
    let Some(base) = base else { return };
    if old.kind != base.kind {
        column.kind.clone_from(&old.kind);
    }
    if old.pk != base.pk {
        column.pk = old.pk;
    }
    if old.nullable != base.nullable {
        column.nullable = old.nullable;
    }
}

/// A join of the warehouse that the last scan wrote and that is not there any more was removed or rewritten by somebody:
/// it is not brought back. One that somebody changed stays changed.
fn merged_joins(
    name: &str,
    fresh: Vec<ShardJoin>,
    old: &[ShardJoin],
    base: &[ShardJoin],
    columns: &Columns,
) -> Vec<ShardJoin> {
    let has = |joins: &[ShardJoin], join: &ShardJoin| {
        joins.iter().position(|known| identity(known) == identity(join))
    };
    let mut merged: Vec<ShardJoin> = Vec::new();
    for join in fresh {
        match (has(old, &join), has(base, &join)) {
            (Some(kept), Some(before)) if old[kept] != base[before] => merged.push(old[kept].clone()),
            (None, Some(_)) => {}
            _ => merged.push(join),
        }
    }
    for join in old {
        let of_warehouse = join.source == JoinOrigin::Formal && base.contains(join);
        if has(&merged, join).is_none() && !of_warehouse && columns_exist(name, join, columns) {
            let rewritten = join.source == JoinOrigin::Formal && base.is_empty();
            if !rewritten {
                merged.push(join.clone());
            }
        }
    }
    merged
}

/// What tells the joins of a table apart.
fn identity(join: &ShardJoin) -> (String, Vec<String>) {
    (join.to.clone(), names_in(&join.on))
}

/// What was written keeps its order; each new item follows the one that it follows in the warehouse.
fn in_written_order<T, K: Ord>(fresh: Vec<T>, old: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let places: BTreeMap<K, usize> = old
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

/// The references of `a.x = b.y AND …`, read loosely and written alike.
fn names_in(on: &str) -> Vec<String> {
    let mut references = vec![String::new()];
    let mut in_quotes = false;
    for letter in on.chars() {
        match letter {
            '"' => {
                in_quotes = !in_quotes;
                references.last_mut().expect("one at least").push(letter);
            }
            letter if !in_quotes && (letter.is_whitespace() || letter == '=') => {
                references.push(String::new())
            }
            letter => references.last_mut().expect("one at least").push(letter),
        }
    }
    references
        .into_iter()
        .filter(|reference| !reference.is_empty() && !reference.eq_ignore_ascii_case("and"))
        .map(|reference| {
            let parts: Vec<String> = names::parts(&reference)
                .iter()
                .map(|part| written(part))
                .collect();
            parts.join(".")
        })
        .collect()
}

/// A side that is not a plain column is given the benefit of the doubt.
fn columns_exist(table: &str, join: &ShardJoin, columns: &Columns) -> bool {
    let Some(targets) = columns.get(&join.to) else {
        return false;
    };
    let locals = columns.get(table);
    names_in(&join.on)
        .iter()
        .all(|reference| match names::parts(reference).as_slice() {
            [owner, column] if owner == table => locals.is_some_and(|locals| locals.contains(column)),
            [owner, column] if *owner == join.to => targets.contains(column),
            _ => true,
        })
}
