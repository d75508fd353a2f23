//! `dist/`, written by one command at a time.
//!
//! A command that writes there holds a lock, which the system releases when the process ends, however it ends. So any
//! unfinished work that the holder finds belongs to a dead process and is removed.

use std::fs::TryLockError;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_system::files::sweep;

use crate::interrupt;
use crate::session::Session;

/// How often a waiting command checks whether the other has ended, and whether Ctrl-C was pressed.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The right to write to `dist/`, released when dropped.
pub struct DistFolder {
    folder: Utf8PathBuf,
    _lock: fs::File,
}

impl DistFolder {
    /// Waits until no other command writes there.
    pub fn lock(session: &Session<'_>) -> Result<DistFolder> {
        let folder = session.dist()?;
        fs::create_dir_all(&folder)?;
        let path = folder.join(".lock");
        let lock = fs::File::create(&path)?;
        let mut waiting = false;
        loop {
            match lock.file().try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("failed to lock `{path}`"));
                }
                Err(TryLockError::WouldBlock) if !waiting => {
                    session
                        .printer
                        .talk(&format!("waiting for another command that writes to `{folder}`"));
                    waiting = true;
                }
                Err(TryLockError::WouldBlock) => {}
            }
            interrupt::check()?;
            thread::sleep(LOOK_AGAIN);
        }
        sweep(folder.as_std_path())?;
        Ok(DistFolder { folder, _lock: lock })
    }

    pub fn path(&self) -> &Utf8Path {
        &self.folder
    }
}
