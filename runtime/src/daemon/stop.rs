//! Stopping: ask, then signal, then kill, each only what is proven ours, and wait until it is gone.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use super::identity::{Occupant, ProvenProcess, occupant};
use super::launch::{self, forget};
use super::proof::ProvenDaemon;
use super::state::{DaemonState, StateFile};
use super::status::prove_with;
use super::token::Token;
use crate::http::{Caller, HttpClient};
use crate::layout::Layout;
use crate::locks::{DaemonLockGuard, InstallLockGuard};
use crate::versions::version_directories;
use crate::{Error, Runtime, ownership};

/// A daemon that was asked to end ends its requests first, for at most this long.
const ASKED: Duration = Duration::from_millis(5500);
/// One that was stopped (SIGSTOP) is continued to end, for at most this long.
const STOPPED: Duration = Duration::from_millis(800);
/// One that does not prove itself within this time is asked by signal.
const PROOF_TIMEOUT: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(50);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// What was recorded and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReport {
    /// Nothing was recorded, or nothing that could be read.
    AlreadyStopped,
    Stopped {
        pid: u32,
        state: PathBuf,
        method: StopMethod,
    },
}

/// How a recorded daemon came to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMethod {
    /// It ended when asked over HTTP.
    Asked,
    Terminated,
    Killed,
    /// It had ended before.
    AlreadyGone,
    /// Another process has its pid now; that was left alone.
    NotOurs,
}

/// What became of the daemon of one version.
#[derive(Debug)]
pub struct StoppedVersion {
    pub version: String,
    pub outcome: Result<StopReport, Error>,
}

/// A state and the token that belongs to it.
#[derive(Clone, Debug)]
pub struct RecordedDaemon {
    pub state: DaemonState,
    pub token: Option<Token>,
}

impl RecordedDaemon {
    /// A state with the token that is beside it.
    pub fn new(layout: &Layout, state: DaemonState) -> RecordedDaemon {
        RecordedDaemon {
            state,
            token: Token::read(&layout.daemon_token_path()),
        }
    }

    /// Whether its process, or its port, is proven ours now.
    pub fn is_running(&self, runtime: &Runtime) -> bool {
        matches!(occupant(&self.state), Occupant::Ours(_)) || self.prove(runtime).is_some()
    }

    fn prove(&self, runtime: &Runtime) -> Option<ProvenDaemon> {
        let client = HttpClient::new(runtime.interrupt().clone()).with_timeout(PROOF_TIMEOUT);
        prove_with(&client, self.token.as_ref()?, &self.state, None).ok()
    }
}

impl Runtime {
    /// Stops the recorded daemon of this version.
    ///
    /// # Errors
    /// When it does not end, or on a signal.
    pub fn stop(&self) -> Result<StopReport, Error> {
        if !self.layout().version_dir.is_dir() {
            return Ok(StopReport::AlreadyStopped);
        }
        let lock = self.lock_daemon(self.version())?;
        stop_recorded(self, self.layout(), &lock)
    }

    /// Stops the recorded daemons of every version under the root; a failure does not block the others.
    /// Versions without a recorded daemon are skipped.
    ///
    /// # Errors
    /// On a signal only.
    pub fn stop_all(&self) -> Result<Vec<StoppedVersion>, Error> {
        let mut stopped = Vec::new();
        for found in version_directories(self.root()) {
            self.interrupt().check()?;
            let layout = self.layout().in_directory(&found.version);
            let is_recorded = fs_err::symlink_metadata(&layout.daemon_state_path).is_ok();
            if !is_recorded || ownership::prove(&found.path).is_err() {
                continue;
            }
            let outcome = self
                .lock_daemon(&found.version)
                .and_then(|lock| stop_recorded(self, &layout, &lock));
            stopped.push(StoppedVersion {
                version: found.version,
                outcome,
            });
        }
        Ok(stopped)
    }
}

/// Stops what a version directory records and removes the record.
pub fn stop_recorded(
    runtime: &Runtime,
    layout: &Layout,
    _lock: &DaemonLockGuard,
) -> Result<StopReport, Error> {
    stop_in(runtime, layout)
}

/// The same for a directory that an installation replaces or sweeps. Its install lock is held, so nobody starts a
/// daemon there.
pub fn stop_for_replacement(
    runtime: &Runtime,
    _lock: &InstallLockGuard,
    layout: &Layout,
) -> Result<StopReport, Error> {
    stop_in(runtime, layout)
}

fn stop_in(runtime: &Runtime, layout: &Layout) -> Result<StopReport, Error> {
    let state = match StateFile::read(&layout.daemon_state_path) {
        StateFile::State(state) => *state,
        StateFile::Missing => {
            forget(layout);
            return Ok(StopReport::AlreadyStopped);
        }
        StateFile::Invalid(_) => match launch::reported(layout) {
            Some(state) => state,
            None => {
                forget(layout);
                return Ok(StopReport::AlreadyStopped);
            }
        },
    };
    let recorded = RecordedDaemon::new(layout, state);
    let method = stop_process(runtime, &recorded)?;
    forget(layout);
    let pid = recorded.state.pid.0;
    Ok(StopReport::Stopped {
        pid,
        state: layout.daemon_state_path.clone(),
        method,
    })
}

/// Ends a recorded daemon's process and returns how.
pub fn stop_process(runtime: &Runtime, recorded: &RecordedDaemon) -> Result<StopMethod, Error> {
    let began = Instant::now();
    let process = match occupant(&recorded.state) {
        Occupant::Ours(process) => Some(process),
        Occupant::Nobody => None,
        Occupant::Unproven => {
            return match recorded.prove(runtime) {
                Some(daemon) => ask(runtime, recorded, &daemon, began),
                None => Ok(StopMethod::NotOurs),
            };
        }
    };
    let Some(process) = process else {
        return Ok(StopMethod::AlreadyGone);
    };
    if process.is_stopped {
        process.handle.terminate();
        if ended(runtime, &process, began + STOPPED.min(runtime.limits().stop))? {
            return Ok(StopMethod::Terminated);
        }
        process.handle.kill();
    } else if let Some(daemon) = recorded.prove(runtime)
        && post_shutdown(runtime, &daemon)
        && ended(runtime, &process, began + ASKED.min(runtime.limits().stop))?
    {
        return Ok(StopMethod::Asked);
    }
    process.handle.terminate();
    if ended(runtime, &process, began + runtime.limits().stop)? {
        return Ok(StopMethod::Terminated);
    }
    process.handle.kill();
    if ended(runtime, &process, Instant::now() + runtime.limits().stop)? {
        return Ok(StopMethod::Killed);
    }
    Err(Error::DaemonStop { pid: process.pid })
}

/// For a daemon that only its proof tells to be ours: its pid is not used.
fn ask(
    runtime: &Runtime,
    recorded: &RecordedDaemon,
    daemon: &ProvenDaemon,
    began: Instant,
) -> Result<StopMethod, Error> {
    post_shutdown(runtime, daemon);
    while Instant::now() < began + runtime.limits().stop {
        runtime.interrupt().check()?;
        if recorded.prove(runtime).is_none() {
            return Ok(StopMethod::Asked);
        }
        std::thread::sleep(TICK);
    }
    Err(Error::DaemonStop {
        pid: recorded.state.pid.0,
    })
}

fn post_shutdown(runtime: &Runtime, daemon: &ProvenDaemon) -> bool {
    let client = HttpClient::new(runtime.interrupt().clone()).with_timeout(REQUEST_TIMEOUT);
    // The body of the answer does not matter: what matters is that the process ends.
    !matches!(
        daemon.post(&client, Caller::ManagedDaemon, "/shutdown", &json!({})),
        Err(crate::http::HttpError::Status { .. })
    )
}

/// Waits, and ends waiting on a signal: what is recorded stays recorded then.
fn ended(runtime: &Runtime, process: &ProvenProcess, deadline: Instant) -> Result<bool, Error> {
    loop {
        runtime.interrupt().check()?;
        let slice = (Instant::now() + TICK).min(deadline);
        if process.handle.ended_before(slice) {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
    }
}
