//! The cargo profiles with which `cargo xtask build` makes programs.

use serde::{Deserialize, Serialize};

/// A profile of the workspace's `Cargo.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildProfile {
    /// Small and fast: what may be published.
    Release,
    /// Built quickly, to be used on the machine that builds it.
    Local,
}

impl BuildProfile {
    pub const ALL: [Self; 2] = [Self::Release, Self::Local];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Local => "local",
        }
    }
}
