//! The number that a format's files carry so that later readers know them. Each format here has one version.

use serde::{Deserialize, Serialize};

/// The number `N`: nothing else is read, nothing else is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SchemaVersion<const N: u32>;

impl<const N: u32> TryFrom<u32> for SchemaVersion<N> {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        if version == N {
            Ok(Self)
        } else {
            Err(format!("unsupported schemaVersion {version}"))
        }
    }
}

impl<const N: u32> From<SchemaVersion<N>> for u32 {
    fn from(_: SchemaVersion<N>) -> Self {
        N
    }
}
