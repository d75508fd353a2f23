//! `scan.relationships`: when a detected join is written, and when it is proposed for review.

use crate::yaml::{Fields, Finding, Node, Value};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelationshipSettings {
    /// From this score on a join is written to its shard.
    pub accept: f64,
    /// From this score on it is worth a person's look.
    pub review: f64,
}

impl Default for RelationshipSettings {
    fn default() -> Self {
        Self {
            accept: 0.85,
            review: 0.55,
        }
    }
}

/// `node` is the value of `scan`.
pub fn read(node: &Node, findings: &mut Vec<Finding>) -> RelationshipSettings {
    let mut settings = RelationshipSettings::default();
    let Some(node) = node.get("relationships") else {
        return settings;
    };
    if let Some(mut fields) = Fields::open(node, "scan.relationships", findings) {
        let mut set = |names: [&str; 2], threshold: &mut f64| {
            for name in names {
                match fields.node(name).map(|node| &node.value) {
                    Some(Value::Float(score)) if (0.0..=1.0).contains(score) => *threshold = *score,
                    Some(Value::Int(score @ 0..=1)) => *threshold = if *score == 1 { 1.0 } else { 0.0 },
                    Some(_) => fields.refuse(name, "expected a number between 0 and 1"),
                    None => {}
                }
            }
        };
        set(["acceptThreshold", "accept_threshold"], &mut settings.accept);
        set(["reviewThreshold", "review_threshold"], &mut settings.review);
    }
    settings
}
