//! A statement that repeats, with what is counted about it, as its file in the raw sources has it.

use std::collections::BTreeSet;
use std::path::Path;

use ktx_runtime::ports::{Fingerprint, Habits};
use serde::{Deserialize, Serialize};

use super::rows::HistoryRow;
use super::settings::HistorySettings;
use crate::files;

const FOLDER: &str = "templates";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub fingerprint: String,
    pub normalized_sql: String,
    pub tables_touched: Vec<String>,
    pub literal_types: Vec<String>,
    pub query_ids: BTreeSet<String>,
    pub calls: f64,
    pub total_exec_time_ms: f64,
    pub rows: f64,
    #[serde(default, skip_serializing_if = "Habits::is_empty")]
    pub habits: Habits,
}

impl Template {
    pub fn of(analysis: Fingerprint, settings: &HistorySettings) -> Self {
        Self {
            fingerprint: analysis.fingerprint,
            normalized_sql: analysis.normalized_sql,
            tables_touched: analysis.tables_touched,
            literal_types: analysis.literal_slots.into_iter().map(|slot| slot.kind).collect(),
            query_ids: BTreeSet::new(),
            calls: 0.0,
            total_exec_time_ms: 0.0,
            rows: 0.0,
            habits: analysis.habits,
        }
        .redacted(settings)
    }

    /// Without what the patterns of now take out.
    pub fn redacted(mut self, settings: &HistorySettings) -> Self {
        self.normalized_sql = settings.redact(&self.normalized_sql);
        for habit in self.habits.aggregates.iter_mut().chain(&mut self.habits.filters) {
            habit.expr = settings.redact(&habit.expr);
        }
        self
    }

    pub fn add(&mut self, row: &HistoryRow) {
        self.query_ids.insert(row.queryid.clone());
        self.calls += row.calls;
        self.total_exec_time_ms += row.total_exec_time;
        self.rows += row.rows;
    }

    /// Whether it uses tables of people: drivers and tools ask the catalog all day.
    pub fn is_about_data(&self) -> bool {
        self.tables_touched.iter().any(|table| !is_of_catalog(table))
    }

    /// Fingerprints are hexadecimal; whatever else a service may send stays a file name.
    pub fn path(&self) -> String {
        let name: String = self
            .fingerprint
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        format!("{FOLDER}/{name}.json")
    }
}

fn is_of_catalog(table: &str) -> bool {
    let table = table.to_lowercase();
    let parts: Vec<&str> = table.split('.').collect();
    match parts.as_slice() {
        [.., schema, name] => {
            matches!(*schema, "pg_catalog" | "information_schema" | "pg_toast")
                || name.starts_with("pg_stat_statements")
        }
        // Without a schema the catalog's tables come first.
        _ => table.starts_with("pg_"),
    }
}

/// The templates of a run, given its raw sources. What cannot be read is not there.
pub fn templates_of(sync: &Path) -> Vec<Template> {
    let files = files::all_below(&sync.join(FOLDER)).unwrap_or_default();
    let read = |file: &std::path::PathBuf| serde_json::from_slice(&fs_err::read(file).ok()?).ok();
    files.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::is_of_catalog;

    #[test]
    fn tables_of_the_catalog_are_told_from_those_of_people() {
        for (table, expected) in [
            ("pg_class", true),
            ("pg_catalog.pg_class", true),
            ("db.information_schema.columns", true),
            ("Information_Schema.Tables", true),
            ("public.pg_stat_statements", true),
            ("extensions.pg_stat_statements_info", true),
            ("orders", false),
            ("public.pg_orders", false),
            ("pgbench_accounts", false),
        ] {
            assert_eq!(is_of_catalog(table), expected, "{table}");
        }
    }
}
