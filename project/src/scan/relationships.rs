//! Joins that no foreign key declares, judged from names, types and sampled values. Each carries its score and the
//! evidence, so that a person can see why it was accepted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::report::{RelationshipCounts, Warning};
use crate::config::RelationshipSettings;
use crate::snapshot::{SnapshotColumn, Table};
use crate::warehouse::quoted;

/// Distinct values that are looked up in the target. A chance overlap of small numbers does not survive that many.
const SAMPLE: u32 = 200;

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

/// Runs one counting statement and gives its two numbers: looked at, found.
pub trait RelationshipProbe {
    fn counts(&mut self, sql: &str) -> Result<(u64, u64), String>;
}

pub fn detect(
    tables: &[Table],
    settings: RelationshipSettings,
    probe: &mut dyn RelationshipProbe,
) -> (Vec<Relationship>, Vec<Warning>) {
    let targets = targets(tables);
    let mut found = Vec::new();
    let mut warnings = Vec::new();
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
            for (target, key) in candidates(table, column, &targets) {
                let (relationship, failure) = judge(table, column, target, key, settings, probe);
                found.push(relationship);
                if let Some(reason) = failure {
                    warnings.push(Warning {
                        column: Some(column.name.clone()),
                        ..Warning::new("relationship_sample_failed", reason).about(&table.path())
                    });
                }
            }
        }
    }
    (found, warnings)
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

/// Tables with a key of one column, by every word that a column could call them.
fn targets(tables: &[Table]) -> BTreeMap<String, Vec<(&Table, &SnapshotColumn)>> {
    let mut targets: BTreeMap<String, Vec<(&Table, &SnapshotColumn)>> = BTreeMap::new();
    for table in tables {
        let mut keys = table.columns.iter().filter(|column| column.primary_key);
        if let (Some(key), None) = (keys.next(), keys.next()) {
            for word in spellings(&table.name) {
                targets.entry(word).or_default().push((table, key));
            }
        }
    }
    targets
}

/// `companies` is also `company`, `boxes` also `box`, `users` also `user`.
fn spellings(table: &str) -> BTreeSet<String> {
    let name = table.to_lowercase();
    let singular = if let Some(stem) = name.strip_suffix("ies") {
        Some(format!("{stem}y"))
    } else if let Some(stem) = ["xes", "ses", "shes", "ches"]
        .iter()
        .find_map(|end| name.ends_with(end).then(|| name[..name.len() - 2].to_owned()))
    {
        Some(stem)
    } else {
        name.strip_suffix('s').map(str::to_owned)
    };
    singular.into_iter().chain([name]).collect()
}

/// `owner_id`, `ownerId` and `owner_code` name an owner; so does the last word of `parent_owner_id`.
fn candidates<'t>(
    table: &Table,
    column: &SnapshotColumn,
    targets: &BTreeMap<String, Vec<(&'t Table, &'t SnapshotColumn)>>,
) -> Vec<(&'t Table, &'t SnapshotColumn)> {
    let snake = snake_case(&column.name);
    let Some((stem, ending)) = snake.rsplit_once('_') else {
        return Vec::new();
    };
    if column.primary_key && table.columns.iter().filter(|column| column.primary_key).count() == 1 {
        return Vec::new();
    }
    let words: Vec<&str> = stem.split('_').collect();
    // The longest reading wins: `sales_order_id` means `sales_orders` before it means `orders`.
    for start in 0..words.len() {
        let word = words[start..].join("_");
        if let Some(tables) = targets.get(&word) {
            let ends_alike = |key: &SnapshotColumn| {
                let key = snake_case(&key.name);
                key == ending || key == snake || key.ends_with(&format!("_{ending}"))
            };
            return tables
                .iter()
                .filter(|(_, key)| ends_alike(key))
                .copied()
                .collect();
        }
    }
    Vec::new()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for letter in name.chars() {
        if letter.is_uppercase() && lower_before {
            snake.push('_');
        }
        lower_before = letter.is_lowercase() || letter.is_ascii_digit();
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn judge(
    table: &Table,
    column: &SnapshotColumn,
    target: &Table,
    key: &SnapshotColumn,
    settings: RelationshipSettings,
    probe: &mut dyn RelationshipProbe,
) -> (Relationship, Option<String>) {
    let snake = snake_case(&column.name);
    let whole = spellings(&target.name)
        .iter()
        .any(|word| snake.starts_with(&format!("{word}_")));
    let same_type = column.dimension_type == key.dimension_type;
    let counted = probe.counts(&sample_sql(table, column, target, key));
    let (sampled, matched) = counted.clone().unwrap_or((0, 0));
    #[expect(clippy::cast_precision_loss, reason = "at most SAMPLE values")]
    let contained = if sampled == 0 {
        0.0
    } else {
        matched as f64 / sampled as f64
    };
    let score = (if whole { 0.4 } else { 0.3 }) + (if same_type { 0.2 } else { 0.0 }) + 0.4 * contained;
    let score = (score * 100.0).round() / 100.0;
    let decision = match () {
        () if counted.is_err() => Decision::Skipped,
        () if score >= settings.accept => Decision::Accepted,
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
            name: format!("`{}` names `{}`", column.name, target.name),
            types: format!("{} and {}", column.normalized_type, key.normalized_type),
            sampled_values: sampled,
            matched_values: matched,
        },
    };
    (relationship, counted.err())
}

fn sample_sql(table: &Table, column: &SnapshotColumn, target: &Table, key: &SnapshotColumn) -> String {
    let place = |table: &Table| {
        let parts = [table.db.as_deref(), Some(table.name.as_str())];
        parts
            .into_iter()
            .flatten()
            .map(quoted)
            .collect::<Vec<_>>()
            .join(".")
    };
    let (column, key) = (quoted(&column.name), quoted(&key.name));
    format!(
        "select count(*) as sampled, count(t.{key}) as matched from \
         (select distinct {column} as v from {} where {column} is not null limit {SAMPLE}) s \
         left join {} t on t.{key} = s.v",
        place(table),
        place(target)
    )
}

#[cfg(test)]
mod tests {
    use super::{snake_case, spellings};

    #[test]
    fn table_names_are_read_in_the_singular_too() {
        for (table, singular) in [
            ("companies", "company"),
            ("boxes", "box"),
            ("Users", "user"),
            ("addresses", "address"),
            ("staff", "staff"),
        ] {
            assert!(spellings(table).contains(singular), "{table}");
        }
        assert_eq!(snake_case("ownerId"), "owner_id");
        assert_eq!(snake_case("OWNER_ID"), "owner_id");
    }
}
