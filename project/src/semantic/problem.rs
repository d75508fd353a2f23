//! A part of a semantic layer that cannot be read: where it is, why, and which sources are missing for it.

use std::fmt;

use crate::yaml::{Finding, Position};

/// Something that is skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub place: Option<Position>,
    pub reason: String,
    /// The sources that are missing for it, as far as their names can be told.
    pub sources: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(
                formatter,
                "failed to read `{}`: {place}: {}",
                self.path, self.reason
            ),
            None => write!(formatter, "failed to read `{}`: {}", self.path, self.reason),
        }
    }
}

impl Problem {
    /// `semantic-layer/wh/orders.yaml:3: …`, as the compiler repeats it.
    pub(super) fn fault(&self) -> String {
        match self.place {
            Some(place) => format!("{}:{}: {}", self.path, place.line, self.reason),
            None => format!("{}: {}", self.path, self.reason),
        }
    }

    pub(super) fn of_finding(path: &str, finding: &Finding, sources: Vec<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: Some(finding.place),
            reason: finding.to_string(),
            sources,
        }
    }
}
