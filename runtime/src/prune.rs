//! Removing only the runtimes of other versions from the root.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bundle::unused_interpreters;
use crate::daemon::stop_recorded;
use crate::install::{remove_directory, retire, sweep, unused_uvs, versions_with_leftovers};
use crate::locks::Patience;
use crate::versions::version_directories;
use crate::{Error, Runtime, disk, ownership};

/// A version that is in use now stays; waiting long for it would keep people waiting for little.
const PATIENCE: Duration = Duration::from_secs(2);

/// What can be removed, and what only looks like it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// Sorted by path.
    pub stale: Vec<StaleRuntime>,
    /// Directories named as versions that are not proven to be ours. They are never touched.
    pub foreign: Vec<Kept>,
}

/// A runtime of another version, or a uv or a Python that no runtime needs any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleRuntime {
    pub path: PathBuf,
    pub version: String,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// A directory that stays, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    pub reason: String,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    pub removed: Vec<StaleRuntime>,
    /// Stale runtimes that could not be removed.
    pub failed: Vec<Kept>,
}

impl Runtime {
    /// Looks for runtimes of other versions directly under the root. A root that is not there has none.
    pub fn plan_prune(&self) -> PrunePlan {
        let mut plan = PrunePlan::default();
        for found in version_directories(self.root()) {
            if found.version == self.version() {
                continue;
            }
            match ownership::prove(&found.path) {
                Ok(()) => {
                    let bytes = disk::size_of(&found.path);
                    plan.stale.push(StaleRuntime {
                        path: found.path,
                        version: found.version,
                        bytes,
                    });
                }
                Err(ownership::Foreign(reason)) => plan.foreign.push(Kept {
                    path: found.path,
                    reason,
                }),
            }
        }
        let interpreters = unused_interpreters(self, &plan.stale);
        let tools = unused_uvs(self).into_iter().map(|path| ("uv", path));
        for (what, path) in tools.chain(interpreters.into_iter().map(|path| ("Python", path))) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            plan.stale.push(StaleRuntime {
                version: format!("{what} {name}"),
                bytes: disk::size_of(&path),
                path,
            });
        }
        plan
    }

    /// Removes what a plan lists, each by itself: one that cannot be removed does not keep the others.
    ///
    /// # Errors
    /// On a signal only; what was removed until then is gone.
    pub fn prune(&self, plan: PrunePlan) -> Result<PruneReport, Error> {
        let mut report = PruneReport::default();
        for stale in plan.stale {
            self.interrupt().check()?;
            match self.remove_stale(&stale) {
                Ok(()) => report.removed.push(stale),
                Err(Error::Interrupted(interrupted)) => return Err(interrupted.into()),
                Err(error) => report.failed.push(Kept {
                    path: stale.path,
                    reason: error.to_string(),
                }),
            }
        }
        self.sweep_other_versions();
        Ok(report)
    }

    /// What interrupted commands of other versions left is unused, unless one of them is still running.
    fn sweep_other_versions(&self) {
        for version in versions_with_leftovers(self) {
            if let Ok(lock) = self.lock_install(&version, Patience::AtMost(Duration::ZERO)) {
                sweep(self, &lock);
            }
        }
    }

    fn remove_stale(&self, stale: &StaleRuntime) -> Result<(), Error> {
        if stale.path.parent() != Some(self.root()) {
            // Looked up again: a runtime that could not be removed still needs its Python.
            let unused = [unused_uvs(self), unused_interpreters(self, &[])].concat();
            return match unused.contains(&stale.path) {
                true => Ok(fs_err::remove_dir_all(&stale.path)?),
                false => Err(Error::NotOurs {
                    path: stale.path.clone(),
                    reason: "a runtime needs it".to_owned(),
                }),
            };
        }
        let lock = self.lock_install(&stale.version, Patience::AtMost(PATIENCE))?;
        let layout = self.layout().in_directory(&stale.version);
        // Proven again: the plan may be old, and nobody else changes it from here on.
        self.prove_stale(&layout.version_dir)?;
        let daemon_lock = self.lock_daemon(&stale.version)?;
        stop_recorded(self, &layout, &daemon_lock)?;
        remove_directory(&retire(self, &lock)?)
    }

    fn prove_stale(&self, directory: &Path) -> Result<(), Error> {
        let foreign = |reason| Error::NotOurs {
            path: directory.to_owned(),
            reason,
        };
        ownership::prove(directory).map_err(|ownership::Foreign(reason)| foreign(reason))?;
        let root = fs_err::canonicalize(self.root())?;
        let real = fs_err::canonicalize(directory)?;
        if real.parent() == Some(root.as_path()) {
            Ok(())
        } else {
            Err(foreign("it is elsewhere".to_owned()))
        }
    }
}
