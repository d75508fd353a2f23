//! What a person adds to a scanned table without writing the whole source again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::{Column, Descriptions, Join, Measure, Segment, Source, Visibility};

#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    pub name: String,
    pub grain: Vec<String>,
    pub columns: Vec<ColumnOverlay>,
    pub exclude_columns: Vec<String>,
    pub disable_joins: Vec<String>,
    pub joins: Vec<Join>,
    pub measures: Vec<Measure>,
    pub segments: Vec<Segment>,
    pub descriptions: Descriptions,
    pub metadata: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ColumnOverlay {
    Computed(Column),
    /// Says something about a column that the scan found.
    Described {
        name: String,
        visibility: Option<Visibility>,
        descriptions: Descriptions,
    },
}

impl Overlay {
    /// Measures and segments are the overlay's; everything else is added to, or taken from, what the scan found.
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
        source.measures.clone_from(&self.measures);
        source.segments.clone_from(&self.segments);
        source.descriptions.extend(self.descriptions.clone());
        source.metadata.extend(self.metadata.clone());
    }
}

fn collapsed(on: &str) -> String {
    on.split_whitespace().collect::<Vec<_>>().join(" ")
}
