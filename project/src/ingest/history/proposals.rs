//! `semantic-layer/<connection>/proposals.yaml`: what people write in their queries and the semantic layer does not say.
//! Nothing reads it but people; each run writes it anew.

use std::collections::BTreeMap;

use ktx_runtime::ports::{ExpressionHabit, JoinHabit};
use serde::Serialize;

use super::template::Template;
use super::usage::is_same_table;
use crate::semantic::{Catalog, CatalogEntry, is_proposals};
use crate::yaml;
use crate::{ConnectionId, Error, Folder, files};

const FILE: &str = "proposals.yaml";
const HEADER: &str = "# What queries do and no source says, most used first. Written by each ingest of query history and applied by
# nobody: copy what is right into a source.
";
/// Of each kind, the most used ones.
const MOST: usize = 100;

#[derive(Debug, Default, Serialize)]
struct Proposals {
    proposals: Kinds,
}

#[derive(Debug, Default, Serialize)]
struct Kinds {
    joins: Vec<JoinProposal>,
    measures: Vec<ExpressionProposal>,
    segments: Vec<ExpressionProposal>,
}

#[derive(Debug, Serialize)]
struct JoinProposal {
    from: String,
    to: String,
    on: String,
    #[serde(flatten)]
    seen: Seen,
}

#[derive(Debug, Serialize)]
struct ExpressionProposal {
    table: String,
    /// The source of that table, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    expr: String,
    #[serde(flatten)]
    seen: Seen,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Seen {
    calls: u64,
    templates: usize,
}

/// Writes the proposals of a run's templates. A file of that name that says something else stays; then there is a warning.
pub fn write_proposals(
    folder: &Folder,
    connection: &ConnectionId,
    templates: &[Template],
) -> Result<Option<String>, Error> {
    let path = folder.semantic_layer(connection).join(FILE);
    let written = fs_err::read_to_string(&path).ok();
    if written.is_some_and(|text| !yaml::parse(&text).is_ok_and(|node| is_proposals(&node))) {
        let shown = folder.relative(&path);
        return Ok(Some(format!(
            "proposals_skipped:{shown} is not a file of proposals"
        )));
    }
    let proposals = Proposals {
        proposals: kinds(&Catalog::load(folder, connection)?, templates),
    };
    let text = format!("{HEADER}{}", yaml::to_text(&proposals));
    files::write_if_changed(&path, text.as_bytes())?;
    Ok(None)
}

fn kinds(catalog: &Catalog, templates: &[Template]) -> Kinds {
    let joins = counted(templates, |template| {
        let joins = template.habits.joins.iter().cloned();
        joins.map(|mut join| {
            join.left.table = full_name(catalog, join.left.table);
            join.right.table = full_name(catalog, join.right.table);
            join
        })
    });
    let of_one_table = |mut habit: ExpressionHabit| {
        habit.table = full_name(catalog, habit.table);
        habit
    };
    let aggregates = counted(templates, |template| {
        template.habits.aggregates.iter().cloned().map(of_one_table)
    });
    let filters = counted(templates, |template| {
        template.habits.filters.iter().cloned().map(of_one_table)
    });
    Kinds {
        joins: joins
            .into_iter()
            .filter(|(join, _)| !is_declared(catalog, join))
            .take(MOST)
            .map(|(join, seen)| JoinProposal {
                on: format!(
                    "{}.{} = {}.{}",
                    join.left.table, join.left.column, join.right.table, join.right.column
                ),
                from: join.left.table,
                to: join.right.table,
                seen,
            })
            .collect(),
        measures: expressions(catalog, aggregates, |entry, expr| {
            entry
                .source
                .measures
                .iter()
                .any(|known| is_same(&known.expr, expr))
        }),
        segments: expressions(catalog, filters, |entry, expr| {
            entry
                .source
                .segments
                .iter()
                .any(|known| is_same(&known.expr, expr))
        }),
    }
}

/// Each habit with how often it was seen, most used first.
fn counted<'t, H: Ord, I: Iterator<Item = H>>(
    templates: &'t [Template],
    of: impl Fn(&'t Template) -> I,
) -> Vec<(H, Seen)> {
    let mut found: BTreeMap<H, Seen> = BTreeMap::new();
    for template in templates {
        for habit in of(template) {
            let seen = found.entry(habit).or_default();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "counters are whole and positive"
            )]
            {
                seen.calls += template.calls as u64;
            }
            seen.templates += 1;
        }
    }
    let mut found: Vec<(H, Seen)> = found.into_iter().collect();
    found.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.calls));
    found
}

fn expressions(
    catalog: &Catalog,
    habits: Vec<(ExpressionHabit, Seen)>,
    is_known: impl Fn(&CatalogEntry, &str) -> bool,
) -> Vec<ExpressionProposal> {
    let sources = |table: &str| -> Vec<&CatalogEntry> {
        let all = catalog.entries.values();
        all.filter(|entry| is_table(entry, table)).collect()
    };
    habits
        .into_iter()
        .filter_map(|(habit, seen)| {
            let owners = sources(&habit.table);
            let is_new = !owners.iter().any(|entry| is_known(entry, &habit.expr));
            is_new.then(|| ExpressionProposal {
                source: owners.first().map(|entry| entry.source.name.clone()),
                table: habit.table,
                expr: habit.expr,
                seen,
            })
        })
        .take(MOST)
        .collect()
}

/// Whether a source of one table has a join to one of the other over both columns.
fn is_declared(catalog: &Catalog, join: &JoinHabit) -> bool {
    let has = |from: &str, to: &str| {
        let of_table = catalog.entries.values().filter(|entry| is_table(entry, from));
        of_table.flat_map(|entry| &entry.source.joins).any(|known| {
            let words: Vec<&str> = known
                .on
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .collect();
            let names = |column: &str| words.iter().any(|word| word.eq_ignore_ascii_case(column));
            let target = catalog.entries.get(&known.to);
            target.is_some_and(|target| is_table(target, to))
                && names(&join.left.column)
                && names(&join.right.column)
        })
    };
    has(&join.left.table, &join.right.table) || has(&join.right.table, &join.left.table)
}

/// The table as the only source of it names it: statements leave the schema out or not.
fn full_name(catalog: &Catalog, table: String) -> String {
    let mut tables = catalog.entries.values().filter(|entry| is_table(entry, &table));
    match (tables.next(), tables.next()) {
        (Some(only), None) => only.source.table.clone().unwrap_or(table),
        _ => table,
    }
}

fn is_table(entry: &CatalogEntry, table: &str) -> bool {
    entry
        .source
        .table
        .as_deref()
        .is_some_and(|own| is_same_table(own, table))
}

fn is_same(known: &str, expr: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|letter| !letter.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    };
    plain(known) == plain(expr)
}
