//! The user's additions to a scanned table, without repeating the whole source.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::source::{Column, Descriptions, Join, Measure, Segment, Source, Visibility};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlay {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grain: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnOverlay>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_columns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disable_joins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    #[serde(skip_serializing_if = "Descriptions::is_empty")]
    pub descriptions: Descriptions,
    #[serde(flatten)]
    pub metadata: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ColumnOverlay {
    Computed(Column),
    /// Describes a column that the scan found.
    Described {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        visibility: Option<Visibility>,
        #[serde(skip_serializing_if = "Descriptions::is_empty")]
        descriptions: Descriptions,
    },
}

impl Overlay {
    /// Adds to, or takes from, what the scan and earlier overlays say. A measure or segment of a known name replaces it.
    pub fn apply(&self, source: &mut Source) {
        if !self.grain.is_empty() {
            source.grain.clone_from(&self.grain);
        }
        source
            .columns
            .retain(|column| !self.exclude_columns.contains(&column.name));
        for column in &self.columns {
            match column {
                ColumnOverlay::Computed(column) => {
                    source.columns.retain(|existing| existing.name != column.name);
                    source.columns.push(column.clone());
                }
                ColumnOverlay::Described {
                    name,
                    visibility,
                    descriptions,
                } => {
                    for existing in source
                        .columns
                        .iter_mut()
                        .filter(|existing| existing.name == *name)
                    {
                        existing.visibility = visibility.or(existing.visibility);
                        existing.descriptions.extend(descriptions.clone());
                    }
                }
            }
        }
        let disabled: Vec<String> = self.disable_joins.iter().map(|on| collapsed(on)).collect();
        source
            .joins
            .retain(|join| !disabled.contains(&collapsed(&join.on)));
        for join in &self.joins {
            let known = source.joins.iter().any(|existing| {
                existing.to == join.to
                    && collapsed(&existing.on) == collapsed(&join.on)
                    && existing.alias == join.alias
            });
            if !known {
                source.joins.push(join.clone());
            }
        }
        let names = |name: &str| self.measures.iter().any(|measure| measure.name == name);
        source.measures.retain(|measure| !names(&measure.name));
        source.measures.extend(self.measures.iter().cloned());
        let names = |name: &str| self.segments.iter().any(|segment| segment.name == name);
        source.segments.retain(|segment| !names(&segment.name));
        source.segments.extend(self.segments.iter().cloned());
        source.descriptions.extend(self.descriptions.clone());
        source.metadata.extend(self.metadata.clone());
    }
}

fn collapsed(on: &str) -> String {
    on.split_whitespace().collect::<Vec<_>>().join(" ")
}
