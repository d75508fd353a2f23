//! The features of the Python payload, in one table: each is an extra of `python/pyproject.toml` with a lock of its own.
//!
//! A new feature is a row here, an extra there, and `cargo xtask lock`; whether both say the same is checked with the
//! locks. What a feature installs is in its lock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of the Python payload that can be installed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    Core,
    LocalEmbeddings,
    Duckdb,
    Mysql,
    Clickhouse,
}

struct Row {
    name: &'static str,
    lock_file: &'static str,
    brings: &'static str,
    /// What is downloaded beyond `core`, on the platform with the largest files, as of 2026.
    download: &'static str,
}

impl Feature {
    /// Every feature, in the order in which they are listed.
    pub const ALL: [Feature; 5] = [
        Feature::Core,
        Feature::LocalEmbeddings,
        Feature::Duckdb,
        Feature::Mysql,
        Feature::Clickhouse,
    ];

    const fn row(self) -> Row {
        match self {
            Feature::Core => Row {
                name: "core",
                lock_file: "core.txt",
                brings: "the semantic layer, SQL analysis and PostgreSQL",
                download: "20 MB",
            },
            Feature::LocalEmbeddings => Row {
                name: "local-embeddings",
                lock_file: "local-embeddings.txt",
                brings: "embeddings computed on this machine with PyTorch",
                download: "up to 3 GB",
            },
            Feature::Duckdb => Row {
                name: "duckdb",
                lock_file: "duckdb.txt",
                brings: "DuckDB files, and Parquet and CSV files as tables",
                download: "25 MB",
            },
            Feature::Mysql => Row {
                name: "mysql",
                lock_file: "mysql.txt",
                brings: "MySQL and MariaDB servers",
                download: "5 MB",
            },
            Feature::Clickhouse => Row {
                name: "clickhouse",
                lock_file: "clickhouse.txt",
                brings: "ClickHouse servers",
                download: "5 MB",
            },
        }
    }

    /// The name on the command line and in manifests.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Its lock in `python/locks` and in a package: a full closure, which holds `core`'s.
    pub const fn lock_file(self) -> &'static str {
        self.row().lock_file
    }

    /// The extra of the distribution that has its requirements; `core` is the distribution itself.
    pub const fn extra(self) -> Option<&'static str> {
        match self {
            Feature::Core => None,
            other => Some(other.row().name),
        }
    }

    /// What it adds, as it follows "installs".
    pub const fn brings(self) -> &'static str {
        self.row().brings
    }

    /// How much it downloads beyond `core`, in words.
    pub const fn download(self) -> &'static str {
        self.row().download
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is not a feature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown runtime feature `{0}`: expected one of {names}", names = Feature::ALL.map(Feature::name).join(", "))]
pub struct UnknownFeature(pub String);

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(text: &str) -> Result<Feature, UnknownFeature> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name() == text)
            .ok_or_else(|| UnknownFeature(text.to_owned()))
    }
}
