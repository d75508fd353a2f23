//! Ingests: pull what a source has, stage it, compare it with the last run, keep it, report. The same input gives
//! the same files and the same units of work.

mod drafts;
mod fake;
mod history;
mod looker;
mod metricflow;
mod pull;
mod report;
mod run;

pub use drafts::{DraftReport, DraftStatus, LeftOut};
pub use fake::pull as pull_fake;
pub use history::{
    Analysed, Baseline, History, HistoryRow, HistorySettings, TableUsage, pull as pull_history, read_export,
    templates_of, write_proposals,
};
pub use looker::{
    LookerReading, LookerWarehouse, LookerWarehouses, pull as pull_looker, read_folder as read_looker_folder,
};
pub use metricflow::{pull as pull_metricflow, read_folder as read_dbt_folder};
pub use pull::{Pull, WorkUnit};
pub use report::{IngestDiff, IngestReport, UnitReport, UnitStatus};
pub use run::{IngestOptions, RunningIngest, keep, keep_scan, previous};

use std::path::PathBuf;

use crate::Error;

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error(transparent)]
    Project(#[from] Error),
    #[error(transparent)]
    Port(#[from] ktx_runtime::ports::PortError),
    #[error("failed to read `{path}`: it is not a folder", path = .0.display())]
    NoSourceFolder(PathBuf),
    #[error("failed to read `{key}`: {reason}")]
    Pattern { key: String, reason: String },
}
