//! Starting: reuse what is proven to run, else install what is missing and launch.

use super::launch::{self, Launched, launch};
use super::log_files;
use super::proof::ProvenDaemon;
use super::state::{DaemonState, StateFile};
use super::stop::{self, RecordedDaemon};
use crate::install::{InstallMode, InstallRequest};
use crate::locks::RuntimeUseGuard;
use crate::observer::Event;
use crate::{Error, FeatureSet, Runtime};

/// What to start.
#[derive(Clone, Debug)]
pub struct StartRequest {
    pub features: FeatureSet,
    pub mode: StartMode,
}

/// Whether a daemon that runs is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartMode {
    Reuse,
    /// Another replaces it; the old one only keeps running if that fails.
    Restart,
}

/// What was done, and what runs now.
#[derive(Clone, Debug)]
pub struct StartReport {
    pub outcome: StartOutcome,
    pub state: DaemonState,
    pub daemon: ProvenDaemon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    Started,
    Reused,
}

impl Runtime {
    /// Makes a daemon with the features run, and the runtime ready before.
    ///
    /// # Errors
    /// When installing or launching fails. No process is left that was not there before, and a daemon that was there
    /// goes on.
    pub fn start(&self, request: &StartRequest) -> Result<StartReport, Error> {
        let outcome = self.start_or_reuse(request);
        self.observer().observe(&Event::Finished);
        outcome
    }

    fn start_or_reuse(&self, request: &StartRequest) -> Result<StartReport, Error> {
        if let Some(reused) = self.reusable_daemon(request)? {
            return Ok(reused);
        }
        let in_use = self.ready_in_use(&request.features)?;
        let lock = self.lock_daemon(self.version())?;
        // The process that held the lock may have done the work.
        if let Some(reused) = self.reusable_daemon(request)? {
            return Ok(reused);
        }
        let manifest = in_use.1;
        let previous = RecordedDaemon::of(self.layout());
        // One that is not proven to run is cleared away now; one that runs is kept until its successor is healthy.
        let previous = match previous {
            Some(previous) if previous.is_running(self) => Some(previous),
            _ => {
                stop::stop_recorded(self, self.layout(), &lock)?;
                None
            }
        };
        match launch(self, &lock, &manifest) {
            Ok(Launched { state, daemon }) => {
                if let Some(previous) = previous {
                    stop::stop_process(self, &previous)?;
                }
                Ok(StartReport {
                    outcome: StartOutcome::Started,
                    state,
                    daemon,
                })
            }
            Err(error) => {
                match previous {
                    Some(previous) => previous.restore(self.layout()),
                    None => launch::forget(self.layout()),
                }
                Err(self.explain(error))
            }
        }
    }

    /// Proves that the recorded daemon runs and suffices; writes nothing. One that is only busy is an error: it is not
    /// replaced.
    fn reusable_daemon(&self, request: &StartRequest) -> Result<Option<StartReport>, Error> {
        if request.mode == StartMode::Restart || !self.status().is_ready_for(&request.features) {
            return Ok(None);
        }
        let status = self.daemon_status();
        let Some(state) = status
            .state
            .filter(|state| state.features.covers(&request.features))
        else {
            return Ok(None);
        };
        if status.is_busy {
            return Err(Error::DaemonBusy {
                pid: state.pid.0,
                detail: status.detail,
            });
        }
        let reused = status.daemon.map(|daemon| {
            log_files::cap(self.layout());
            StartReport {
                outcome: StartOutcome::Reused,
                state,
                daemon,
            }
        });
        Ok(reused)
    }

    /// Installs until the runtime is ready while it cannot be taken away any more.
    fn ready_in_use(
        &self,
        features: &FeatureSet,
    ) -> Result<(RuntimeUseGuard, crate::installed::InstalledManifest), Error> {
        // Between installing and taking the lock another process may prune or replace; not again and again.
        const ATTEMPTS: usize = 5;
        for _ in 0..ATTEMPTS {
            self.install(&InstallRequest {
                features: features.clone(),
                mode: InstallMode::IfNeeded,
            })?;
            let guard = self.use_runtime()?;
            let status = self.status();
            if status.is_ready_for(features)
                && let Some(manifest) = status.manifest
            {
                return Ok((guard, manifest));
            }
        }
        let detail = self.status().detail;
        Err(Error::NotReady {
            detail,
            command: crate::ensure::install_command(features),
        })
    }
}

impl RecordedDaemon {
    fn restore(&self, layout: &crate::layout::Layout) {
        if let Some(token) = &self.token {
            let _ = token.write(&layout.daemon_token_path());
        }
        let _ = self.state.write(&layout.daemon_state_path);
    }

    /// What is recorded in a version directory, if it can be read.
    fn of(layout: &crate::layout::Layout) -> Option<RecordedDaemon> {
        match StateFile::read(&layout.daemon_state_path) {
            StateFile::State(state) => Some(RecordedDaemon::new(layout, *state)),
            StateFile::Missing | StateFile::Invalid(_) => None,
        }
    }
}
