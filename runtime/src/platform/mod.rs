//! What differs between systems, behind one interface: processes and their identity, ending them, exchanging
//! directories, free space.
//!
//! Knows nothing of runtimes and daemons. Nothing outside this folder asks which system it runs on.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

use std::path::PathBuf;

/// What the system says about a running process. A process that has ended and was not reaped yet does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningProcess {
    pub pid: u32,
    /// The system's own start stamp, as text: with the pid it names one process until the system restarts.
    pub started_at: String,
    /// The program that it runs, links resolved, when the system tells.
    pub executable: Option<PathBuf>,
}

/// How a directory was put in the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Both names changed places in one step.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no such step"))]
    Done,
    /// This file system or system has no such step; nothing was changed.
    Unsupported,
}
