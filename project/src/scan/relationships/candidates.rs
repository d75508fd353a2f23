//! Which tables a column may refer to, by what it is called.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::names::snake_case;
use crate::snapshot::{SnapshotColumn, Table};

/// Columns that only look like a key may refer to any table whose key has their type. Beyond so many, each would cost a
/// question and chance would answer some of them.
pub(super) const MOST_FORMS: usize = 20;

/// Tables with a key of one column.
pub(super) struct Targets<'t> {
    all: Vec<Target<'t>>,
    /// The names of all of them in snake case.
    names: Vec<String>,
    /// By every word that a column could call them.
    by_word: BTreeMap<String, Vec<Target<'t>>>,
    by_path: BTreeMap<String, Target<'t>>,
}

pub(super) type Target<'t> = (&'t Table, &'t SnapshotColumn);

/// Why a column may refer to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
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
    pub(super) fn new(all: Vec<Target<'t>>) -> Self {
        let mut by_word = BTreeMap::<String, Vec<Target<'t>>>::new();
        for target in &all {
            for word in spellings(&target.0.name) {
                by_word.entry(word).or_default().push(*target);
            }
        }
        Self {
            names: all.iter().map(|(table, _)| snake_case(&table.name)).collect(),
            by_path: all.iter().map(|target| (target.0.path(), *target)).collect(),
            by_word,
            all,
        }
    }

    fn named(&self, word: &str) -> impl Iterator<Item = Target<'t>> {
        self.by_word.get(word).into_iter().flatten().copied()
    }

    /// The tables that a column may refer to, for the best reason that there is. A key never refers to itself.
    pub(super) fn candidates(&self, table: &Table, column: &SnapshotColumn) -> Vec<(Target<'t>, Reason)> {
        let own = self.by_path.get(&table.path());
        if own.is_some_and(|(_, key)| key.name == column.name) {
            return Vec::new();
        }
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
            by_role.extend(own.copied().filter(&fits));
        }
        if by_role.is_empty() && stem.iter().any(|word| PEOPLE_ROLES.contains(word)) {
            let people = PEOPLE_TABLES.iter().flat_map(|word| self.named(word));
            by_role.extend(people.filter(&fits));
        }
        if by_role.is_empty() && ending.is_some() {
            // `ShipVia` and `shippers` begin alike.
            let stems: Vec<&str> = stem.iter().copied().filter(|word| word.len() >= 4).collect();
            let named = self.all.iter().zip(&self.names);
            let begins = named.filter(|(_, name)| stems.iter().any(|stem| name.starts_with(*stem)));
            by_role.extend(begins.map(|(target, _)| *target).filter(&fits));
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
pub(super) fn spellings(table: &str) -> BTreeSet<String> {
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

/// What the key of a table without a declared one would be called, the likeliest first.
pub(super) fn likely_key(table: &Table) -> Option<&SnapshotColumn> {
    let names = spellings(&table.name).into_iter();
    let own = names.flat_map(|name| ["id", "key", "code"].map(|ending| format!("{name}_{ending}")));
    let likely: Vec<String> = ["id".to_owned()]
        .into_iter()
        .chain(own)
        .chain(["uuid".to_owned()])
        .collect();
    likely.iter().find_map(|name| {
        table
            .columns
            .iter()
            .find(|column| snake_case(&column.name) == *name)
    })
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
