//! How deep a scan looks, and who asked for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Tables, columns, keys.
    Structural,
    /// The same, and joins that no foreign key declares.
    Relationships,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    Cli,
    Mcp,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Structural => "structural",
            Self::Relationships => "relationships",
        }
    }
}
