//! Joins that no foreign key declares, judged from names, types and sampled values. Each carries its score and the
//! evidence, so that a person can see why it was accepted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::names::snake_case;
use super::report::{RelationshipCounts, Warning};
use crate::config::RelationshipSettings;
use crate::snapshot::{SnapshotColumn, Table};

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

    /// A name as its statements write it.
    fn quoted(&self, name: &str) -> String;
}

pub fn detect(
    tables: &[Table],
    settings: RelationshipSettings,
    probe: &mut dyn RelationshipProbe,
) -> (Vec<Relationship>, Vec<Warning>) {
    let targets = Targets::of(tables);
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
            let judged = targets.candidates(table, column).into_iter();
            let mut judged: Vec<(Relationship, Option<String>)> = judged
                .map(|(target, reason)| judge(table, column, target, reason, settings, probe))
                .collect();
            only_one_is_accepted(&mut judged);
            for (relationship, failure) in judged {
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

/// Tables with a key of one column.
struct Targets<'t> {
    all: Vec<Target<'t>>,
    /// By every word that a column could call them.
    by_word: BTreeMap<String, Vec<Target<'t>>>,
}

type Target<'t> = (&'t Table, &'t SnapshotColumn);

/// Why a column may refer to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It names the table.
    Name,
    /// It says what the table's rows are to this one's: `ReportsTo`, `ShipVia`, `SupportRepId`.
    Role,
    /// Only its form suggests that it refers to something.
    Form,
}

/// What people are called for what they do, and the tables that people are in.
const PEOPLE_ROLES: [&str; 19] = [
    "agent",
    "approver",
    "assignee",
    "author",
    "boss",
    "buyer",
    "creator",
    "editor",
    "lead",
    "manager",
    "owner",
    "rep",
    "reporter",
    "representative",
    "requester",
    "reviewer",
    "seller",
    "supervisor",
    "teacher",
];
const PEOPLE_TABLES: [&str; 10] = [
    "agent",
    "contact",
    "employee",
    "member",
    "people",
    "person",
    "sales_person",
    "staff",
    "user",
    "worker",
];
/// A row of a tree refers to another row of its table.
const TREE_ROLES: [&str; 8] = [
    "boss",
    "manager",
    "parent",
    "predecessor",
    "previous",
    "reports",
    "superior",
    "supervisor",
];
/// Endings that say no more than that a column refers to something.
const ENDINGS: [&str; 12] = [
    "by", "code", "fk", "for", "from", "id", "key", "no", "number", "of", "to", "via",
];

impl<'t> Targets<'t> {
    fn of(tables: &'t [Table]) -> Self {
        let (mut all, mut by_word) = (Vec::new(), BTreeMap::<String, Vec<Target<'t>>>::new());
        for table in tables {
            let mut keys = table.columns.iter().filter(|column| column.primary_key);
            if let (Some(key), None) = (keys.next(), keys.next()) {
                all.push((table, key));
                for word in spellings(&table.name) {
                    by_word.entry(word).or_default().push((table, key));
                }
            }
        }
        Self { all, by_word }
    }

    fn named(&self, word: &str) -> impl Iterator<Item = Target<'t>> {
        self.by_word.get(word).into_iter().flatten().copied()
    }

    /// The tables that a column may refer to, for the best reason that there is. A key never refers to itself.
    fn candidates(&self, table: &Table, column: &SnapshotColumn) -> Vec<(Target<'t>, Reason)> {
        if column.primary_key && table.columns.iter().filter(|column| column.primary_key).count() == 1 {
            return Vec::new();
        }
        let snake = snake_case(&column.name);
        let words: Vec<&str> = snake.split('_').collect();
        let (ending, stem) = match words.split_last() {
            Some((last, stem)) if ENDINGS.contains(last) && !stem.is_empty() => (Some(*last), stem),
            _ => (None, words.as_slice()),
        };
        let named = self.by_name(&snake, stem, ending);
        if !named.is_empty() {
            return named.into_iter().map(|target| (target, Reason::Name)).collect();
        }
        let fits = |target: &Target<'t>| target.1.dimension_type == column.dimension_type;
        let mut by_role: Vec<Target<'t>> = Vec::new();
        if stem.iter().any(|word| TREE_ROLES.contains(word)) {
            let own = self.all.iter().filter(|(own, _)| own.path() == table.path());
            by_role.extend(own.copied().filter(&fits));
        }
        if by_role.is_empty() && stem.iter().any(|word| PEOPLE_ROLES.contains(word)) {
            let people = PEOPLE_TABLES.iter().flat_map(|word| self.named(word));
            by_role.extend(people.filter(&fits));
        }
        if by_role.is_empty() && ending.is_some() {
            // `ShipVia` and `shippers` begin alike.
            let stems: Vec<&str> = stem.iter().copied().filter(|word| word.len() >= 4).collect();
            let begins = |(target, _): &&Target<'t>| {
                let name = snake_case(&target.name);
                stems.iter().any(|stem| name.starts_with(*stem))
            };
            by_role.extend(self.all.iter().filter(begins).copied().filter(&fits));
        }
        if !by_role.is_empty() {
            return by_role.into_iter().map(|target| (target, Reason::Role)).collect();
        }
        match ending {
            Some("id" | "key" | "fk" | "to" | "via" | "by") => {
                let all = self.all.iter().copied().filter(fits);
                all.map(|target| (target, Reason::Form)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// `owner_id`, `ownerId`, `owner_code` and `owner` name an owner; so does the last word of `parent_owner_id`. The
    /// longest reading wins: `sales_order_id` means `sales_orders` before it means `orders`.
    fn by_name(&self, snake: &str, stem: &[&str], ending: Option<&str>) -> Vec<Target<'t>> {
        let ends_alike = |(_, key): &Target<'t>| {
            let key = snake_case(&key.name);
            ending.is_none_or(|ending| key == ending || key == *snake || key.ends_with(&format!("_{ending}")))
        };
        (0..stem.len())
            .map(|start| self.named(&stem[start..].join("_")).collect::<Vec<_>>())
            .find(|tables| !tables.is_empty())
            .map(|tables| tables.into_iter().filter(ends_alike).collect())
            .unwrap_or_default()
    }
}

/// `companies` is also `company`, `boxes` also `box`, `users` also `user`.
fn spellings(table: &str) -> BTreeSet<String> {
    let name = snake_case(table);
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

fn judge(
    table: &Table,
    column: &SnapshotColumn,
    (target, key): Target<'_>,
    reason: Reason,
    settings: RelationshipSettings,
    probe: &mut dyn RelationshipProbe,
) -> (Relationship, Option<String>) {
    let snake = snake_case(&column.name);
    let whole = spellings(&target.name)
        .iter()
        .any(|word| snake.starts_with(&format!("{word}_")));
    let same_type = column.dimension_type == key.dimension_type;
    let counted = probe.counts(&sample_sql(table, column, target, key, &|name| {
        probe.quoted(name)
    }));
    let (sampled, matched) = counted.clone().unwrap_or((0, 0));
    #[expect(clippy::cast_precision_loss, reason = "at most SAMPLE values")]
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

fn sample_sql(
    table: &Table,
    column: &SnapshotColumn,
    target: &Table,
    key: &SnapshotColumn,
    quoted: &dyn Fn(&str) -> String,
) -> String {
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
    use super::spellings;

    #[test]
    fn table_names_are_read_in_the_singular_too() {
        for (table, singular) in [
            ("companies", "company"),
            ("boxes", "box"),
            ("Users", "user"),
            ("addresses", "address"),
            ("staff", "staff"),
            ("MediaTypes", "media_type"),
            ("Order Details", "order_detail"),
        ] {
            assert!(spellings(table).contains(singular), "{table}");
        }
    }
}
