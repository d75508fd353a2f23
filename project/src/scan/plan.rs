//! What a scan would write, worked out before anything is written: a dry run is the plan without its execution.

use std::path::PathBuf;

use super::mode::{Mode, Trigger};
use super::relationships::Relationship;
use super::report::{DiffSummary, Sampling, Warning};
use crate::ConnectionId;
use crate::config::Driver;
use crate::snapshot::{FileChanges, RawFiles};
use jiff::Timestamp;

#[derive(Debug, Clone)]
pub struct ScanOptions {
    pub connection: ConnectionId,
    pub driver: Driver,
    pub mode: Mode,
    pub trigger: Trigger,
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct ScanPlan {
    pub diff: DiffSummary,
    pub changes: FileChanges,
    pub raw: RawFiles,
    /// The sync folder of the scan before, when nothing changed since.
    pub reused_sync: Option<String>,
    /// Each shard of this warehouse: its path and, when it must be written, its new text.
    pub shards: Vec<ShardWrite>,
    pub relationships: Vec<Relationship>,
    pub sampling: Sampling,
    pub warnings: Vec<Warning>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardWrite {
    pub path: PathBuf,
    pub text: Option<String>,
}
