//! How often tables were used, as the last run counted.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// Calls by the parts of a table's name, grouped by its last part.
#[derive(Debug, Default)]
pub struct TableUsage {
    calls: BTreeMap<String, Vec<(Vec<String>, f64)>>,
}

impl TableUsage {
    /// From the raw sources of a run; without a manifest nothing was used.
    pub fn read(sync: &Path) -> Self {
        let manifest = fs_err::read(sync.join("manifest.json")).ok();
        let manifest: Value = manifest
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let mut usage = Self::default();
        for template in manifest["templates"].as_array().into_iter().flatten() {
            let calls = template["calls"].as_f64().unwrap_or_default();
            for table in template["tablesTouched"].as_array().into_iter().flatten() {
                usage.add(table.as_str().unwrap_or_default(), calls);
            }
        }
        usage
    }

    fn add(&mut self, table: &str, calls: f64) {
        let parts = parts(table);
        if let Some(last) = parts.last() {
            self.calls.entry(last.clone()).or_default().push((parts, calls));
        }
    }

    /// The calls of all statements that mean this table.
    pub fn of(&self, table: &str) -> f64 {
        let own = parts(table);
        let named = own.last().and_then(|last| self.calls.get(last));
        let meant = named
            .into_iter()
            .flatten()
            .filter(|(parts, _)| is_end(&own, parts));
        meant.map(|(_, calls)| calls).sum()
    }
}

/// Whether two names mean one table: the shorter of them may lack the schema.
pub fn is_same_table(one: &str, other: &str) -> bool {
    is_end(&parts(one), &parts(other))
}

fn is_end(one: &[String], other: &[String]) -> bool {
    one.ends_with(other) || other.ends_with(one)
}

fn parts(name: &str) -> Vec<String> {
    name.split('.')
        .map(|part| part.trim_matches(['"', '`']).to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::TableUsage;

    #[test]
    fn a_table_is_known_with_and_without_its_schema() {
        let mut usage = TableUsage::default();
        for (table, calls) in [("shop.orders", 5.0), ("Orders", 2.0), ("other.orders", 1.0)] {
            usage.add(table, calls);
        }
        for (table, calls) in [("\"shop\".\"orders\"", 7.0), ("orders", 8.0), ("items", 0.0)] {
            assert!((usage.of(table) - calls).abs() < f64::EPSILON, "{table}");
        }
    }
}
