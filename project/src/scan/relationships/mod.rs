//! Joins that no foreign key declares, judged from names, types and sampled values. Each carries its score and the
//! evidence, so that a person can see why it was accepted.

mod candidates;
mod questions;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use questions::Answers;

use self::candidates::{MOST_FORMS, Reason, Target, Targets, likely_key, spellings};
use self::questions::{Question, ask};
use super::names::snake_case;
use super::report::{RelationshipCounts, Sampling, Warning};
use crate::config::RelationshipSettings;
use crate::snapshot::{SnapshotColumn, Table};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    pub from_table: String,
    pub from_column: String,
    pub to_table: String,
    pub to_column: String,
    /// Between 0 and 1: names 0.4, types 0.2, values 0.4.
    pub score: f64,
    pub decision: Decision,
    pub evidence: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Accepted,
    Review,
    Rejected,
    /// The values could not be sampled.
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub name: String,
    pub types: String,
    /// Distinct values looked at, and how many of them the target has.
    pub sampled_values: u64,
    pub matched_values: u64,
}

/// Asks a database about its values.
pub trait RelationshipProbe {
    /// Why nothing more can be asked.
    type Error;

    /// Runs one statement and gives its rows: the number of a question, what was looked at, what was found. The inner
    /// error is why the database refused this statement.
    fn counts(&mut self, sql: &str) -> Result<Result<Vec<[u64; 3]>, String>, Self::Error>;

    /// A name as its statements write it.
    fn quoted(&self, name: &str) -> String;

    /// So many of all questions are answered. Called before each statement.
    fn progress(&mut self, answered: usize, all: usize) -> Result<(), Self::Error>;
}

/// What was found, and what it took.
#[derive(Debug, Default)]
pub struct Detected {
    pub relationships: Vec<Relationship>,
    pub warnings: Vec<Warning>,
    pub sampling: Sampling,
}

/// Judges every column that may refer to a table.
///
/// # Errors
/// Of the probe, when nothing more can be asked. What was answered until then is in `answers`.
pub fn detect<P: RelationshipProbe>(
    tables: &[Table],
    settings: RelationshipSettings,
    probe: &mut P,
    answers: &mut Answers,
) -> Result<Detected, P::Error> {
    let mut detected = Detected::default();
    let targets = Targets::new(keys(tables, probe, answers, &mut detected.sampling)?);
    let (mut columns, mut left_out) = (Vec::new(), 0);
    for table in tables {
        let declared: BTreeSet<&str> = table
            .foreign_keys
            .iter()
            .map(|key| key.from_column.as_str())
            .collect();
        for column in table
            .columns
            .iter()
            .filter(|column| !declared.contains(column.name.as_str()))
        {
            let candidates = targets.candidates(table, column);
            let is_form = candidates.iter().any(|(_, reason)| *reason == Reason::Form);
            match is_form && candidates.len() > MOST_FORMS {
                true => left_out += 1,
                false => columns.push((table, column, candidates)),
            }
        }
    }
    if left_out > 0 {
        let said = match left_out {
            1 => "1 column ends like a key and names no table: it",
            _ => &format!("{left_out} columns end like a key and name no table: each"),
        };
        let message =
            format!("{said} may refer to more than {MOST_FORMS} tables, so no values were compared");
        detected
            .warnings
            .push(Warning::new("relationship_candidates_left_out", message));
    }
    let questions: Vec<Question> = columns
        .iter()
        .flat_map(|(table, column, candidates)| {
            candidates
                .iter()
                .map(move |(target, _)| (*table, *column, *target))
        })
        .map(|(table, column, target)| {
            Question::of_values((table, column), target, &|name| probe.quoted(name))
        })
        .collect();
    let mut counted = ask(&questions, probe, answers, &mut detected.sampling)?.into_iter();
    for (table, column, candidates) in columns {
        let mut judged: Vec<(Relationship, Option<String>)> = candidates
            .into_iter()
            .zip(counted.by_ref())
            .map(|((target, reason), counted)| judge(table, column, target, reason, settings, counted))
            .collect();
        only_one_is_accepted(&mut judged);
        for (relationship, failure) in judged {
            detected.relationships.push(relationship);
            if let Some(reason) = failure {
                detected.warnings.push(Warning {
                    column: Some(column.name.clone()),
                    ..Warning::new("relationship_sample_failed", reason).about(&table.path())
                });
            }
        }
    }
    Ok(detected)
}

/// The keys of one column. Where no table declares any, as data files do not, a column that is called like one and
/// whose sampled values differ is taken for it.
fn keys<'t, P: RelationshipProbe>(
    tables: &'t [Table],
    probe: &mut P,
    answers: &mut Answers,
    sampling: &mut Sampling,
) -> Result<Vec<Target<'t>>, P::Error> {
    let declared = |table: &'t Table| {
        let mut keys = table.columns.iter().filter(|column| column.primary_key);
        match (keys.next(), keys.next()) {
            (Some(key), None) => Some((table, key)),
            _ => None,
        }
    };
    if tables
        .iter()
        .flat_map(|table| &table.columns)
        .any(|column| column.primary_key)
    {
        return Ok(tables.iter().filter_map(declared).collect());
    }
    let likely: Vec<Target<'t>> = tables
        .iter()
        .filter_map(|table| Some((table, likely_key(table)?)))
        .collect();
    let questions: Vec<Question> = likely
        .iter()
        .map(|(table, column)| Question::of_key(table, column, &|name| probe.quoted(name)))
        .collect();
    let counted = ask(&questions, probe, answers, sampling)?;
    let is_unique = |counted: &Result<(u64, u64), String>| matches!(counted, Ok((rows, values)) if rows == values && *rows > 0);
    Ok(likely
        .into_iter()
        .zip(&counted)
        .filter(|(_, counted)| is_unique(counted))
        .map(|(target, _)| target)
        .collect())
}

pub fn count(relationships: &[Relationship]) -> RelationshipCounts {
    let of = |decision| {
        relationships
            .iter()
            .filter(|found| found.decision == decision)
            .count()
    };
    RelationshipCounts {
        accepted: of(Decision::Accepted),
        review: of(Decision::Review),
        rejected: of(Decision::Rejected),
        skipped: of(Decision::Skipped),
    }
}

/// A column refers to one table. Where several fit equally well, a person has to choose.
fn only_one_is_accepted(judged: &mut [(Relationship, Option<String>)]) {
    let best = judged
        .iter()
        .filter(|(found, _)| found.decision == Decision::Accepted)
        .map(|(found, _)| found.score)
        .fold(0.0, f64::max);
    let mut accepted: Vec<&mut Relationship> = judged
        .iter_mut()
        .map(|(found, _)| found)
        .filter(|found| found.decision == Decision::Accepted)
        .collect();
    let leaders = accepted.iter().filter(|found| found.score >= best).count();
    for found in &mut accepted {
        if leaders > 1 || found.score < best {
            found.decision = Decision::Review;
        }
    }
}

fn judge(
    table: &Table,
    column: &SnapshotColumn,
    (target, key): Target<'_>,
    reason: Reason,
    settings: RelationshipSettings,
    counted: Result<(u64, u64), String>,
) -> (Relationship, Option<String>) {
    let snake = snake_case(&column.name);
    let whole = spellings(&target.name)
        .iter()
        .any(|word| snake.starts_with(&format!("{word}_")));
    let same_type = column.dimension_type == key.dimension_type;
    let (sampled, matched) = counted.clone().unwrap_or((0, 0));
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    let contained = if sampled == 0 {
        0.0
    } else {
        matched as f64 / sampled as f64
    };
    let by_name = match reason {
        Reason::Name if whole => 0.4,
        Reason::Name | Reason::Role => 0.3,
        Reason::Form => 0.1,
    };
    let score = by_name + (if same_type { 0.2 } else { 0.0 }) + 0.4 * contained;
    let score = (score * 100.0).round() / 100.0;
    let decision = match () {
        () if counted.is_err() => Decision::Skipped,
        () if score >= settings.accept => Decision::Accepted,
        () if reason == Reason::Form && matched < sampled => Decision::Rejected,
        () if score >= settings.review || sampled == 0 => Decision::Review,
        () => Decision::Rejected,
    };
    let relationship = Relationship {
        from_table: table.path(),
        from_column: column.name.clone(),
        to_table: target.path(),
        to_column: key.name.clone(),
        score,
        decision,
        evidence: Evidence {
            name: match reason {
                Reason::Name => format!("`{}` names `{}`", column.name, target.name),
                Reason::Role => format!("`{}` is a role of `{}`", column.name, target.name),
                Reason::Form => format!("`{}` names no table", column.name),
            },
            types: format!("{} and {}", column.normalized_type, key.normalized_type),
            sampled_values: sampled,
            matched_values: matched,
        },
    };
    (relationship, counted.err())
}
