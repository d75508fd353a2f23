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

use std::io;
use std::path::{Path, PathBuf};

/// What the system says about a running process. A process that has ended and was not reaped yet does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningProcess {
    pub pid: u32,
    /// The system's own start stamp, as text: with the pid it names one process until the system restarts.
    pub started_at: String,
    /// The program that it runs, links resolved, when the system tells.
    pub executable: Option<PathBuf>,
    /// It was stopped (SIGSTOP) and does nothing until it is continued.
    pub is_stopped: bool,
}

/// How a directory was put in the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Both names changed places in one step.
    Done,
    /// This file system or system has no such step; nothing was changed.
    Unsupported,
}

/// Writes every file below a directory, and on Unix the directories, through to the disk. Never follows a link.
fn sync_each(directory: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync_each(&entry.path())?;
        } else if kind.is_file() {
            // Windows writes through only what is open for writing.
            fs_err::OpenOptions::new()
                .read(true)
                .write(cfg!(windows))
                .open(entry.path())?
                .sync_all()?;
        }
    }
    sync_directory(directory)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_of_a_tree_is_synced_and_links_are_left_alone() {
        let tree = tempfile::tempdir().expect("a directory");
        fs_err::create_dir(tree.path().join("lib")).expect("a directory");
        fs_err::write(tree.path().join("lib/module.py"), "x").expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/nowhere/at/all", tree.path().join("link")).expect("a link");
        super::sync_each(tree.path()).expect("synced");
        super::sync_tree(tree.path()).expect("synced");
        let missing = tree.path().join("missing");
        assert!(super::sync_each(&missing).is_err() && super::sync_tree(&missing).is_err());
    }
}
