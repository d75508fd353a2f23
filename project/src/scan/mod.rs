//! A structural scan: read a warehouse's tables, keep the raw snapshot, report what changed, and bring the manifest
//! shards up to date without losing what people wrote in them.

mod merge;
mod mode;
mod names;
mod plan;
mod relationships;
mod report;
mod run;
mod shards;

pub use mode::{Mode, Trigger};
pub use plan::{ScanOptions, ScanPlan};
pub use relationships::{Answers, Decision, Detected, Relationship, RelationshipProbe, detect};
pub use report::{ArtifactPaths, DiffSummary, RelationshipCounts, Sampling, ScanReport, Warning};
pub use run::{execute, latest_sync, plan, preview};

/// The adapter that scans belong to, in `ktx.yaml` and in paths.
pub const ADAPTER: &str = "live-database";
