//! What search knows about one source.

use std::collections::BTreeSet;

use crate::semantic::Source;
use crate::{ConnectionId, files};

#[derive(Debug, Clone)]
pub struct SearchDocument {
    pub connection: String,
    pub name: String,
    /// Every text of the source: what full-text search reads.
    pub words: String,
    /// The parts of its identifiers, in the singular.
    pub tokens: BTreeSet<String>,
    /// How often queries used its table, by the history of the connection.
    pub calls: f64,
}

impl SearchDocument {
    pub fn of(connection: &ConnectionId, source: &Source) -> Self {
        let mut texts: Vec<&str> = vec![&source.name];
        texts.extend(source.table.as_deref());
        texts.extend(source.summary());
        let mut identifiers: Vec<&str> = vec![&source.name];
        for column in &source.columns {
            texts.push(&column.name);
            texts.extend(column.description.as_deref());
            texts.extend(column.descriptions.values().map(String::as_str));
            identifiers.push(&column.name);
        }
        for measure in &source.measures {
            texts.push(&measure.name);
            texts.extend(measure.description.as_deref());
            identifiers.push(&measure.name);
        }
        for segment in &source.segments {
            texts.push(&segment.name);
            texts.extend(segment.description.as_deref());
            identifiers.push(&segment.name);
        }
        Self {
            connection: connection.to_string(),
            name: source.name.clone(),
            words: texts.join("\n"),
            tokens: identifiers.into_iter().flat_map(tokens).collect(),
            calls: 0.0,
        }
    }

    /// Changes with the text, so that an index knows when it is out of date.
    pub fn digest(&self) -> String {
        files::digest(format!("{}\n{}", self.name, self.words))
    }
}

/// The words of a text in lower case, without a plural's ending.
pub fn tokens(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words
        .into_iter()
        .map(|word| {
            let lower = word.to_lowercase();
            match lower.strip_suffix('s') {
                Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem.to_owned(),
                _ => lower,
            }
        })
        .collect::<Vec<_>>()
        .into_iter()
}
