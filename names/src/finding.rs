//! What a check found, as a value: checks return all of them and judge nothing. Printing and exit codes are the edge's.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a check found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable name for programs, lower case with hyphens.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    /// One sentence without a full stop; names the path it is about.
    pub message: String,
    /// Where in the document that was checked, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<JsonPlace>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A place in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonPlace {
    /// Line, from 1.
    pub line: usize,
    /// JSON path from the root, `$.npm.tag`.
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Warning,
    Error,
}

impl Finding {
    /// A finding that fails the check.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            message: message.into(),
            place: None,
            hint: None,
        }
    }

    /// A finding that is shown and fails nothing.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same finding at a place in the document.
    #[must_use]
    pub fn at(self, place: JsonPlace) -> Self {
        Self {
            place: Some(place),
            ..self
        }
    }

    /// The same finding with what to do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(out, "{severity}[{}]: {}", self.code, self.message)
    }
}
