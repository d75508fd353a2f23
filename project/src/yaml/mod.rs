//! YAML 1.2 as a tree whose every node knows its line and column, and the writer of what we put on disk.
//!
//! Knows nothing about projects or semantic layers: those read the tree through [`Fields`], which gathers every
//! wrong type as a [`Finding`] instead of stopping at the first.

mod amend;
mod fields;
mod node;
mod write;

pub use amend::amended;
pub use fields::{Fields, Finding, Wording};
pub use node::{Key, Node, Position, Value, parse};
pub use write::to_text;

/// Why a text is not YAML at all: the parser's words and, when it has one, the place (both counted from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub reason: String,
    pub place: Option<Position>,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some(place) => write!(formatter, "{place}: {}", self.reason),
            None => formatter.write_str(&self.reason),
        }
    }
}

impl std::error::Error for SyntaxError {}
