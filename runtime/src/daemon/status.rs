//! The status of the recorded daemon. Asks its port for proof; writes and signals nothing.

use std::time::{Duration, Instant};

use super::identity::{Occupant, occupant};
use super::proof::{ExpectedDaemon, ProvenDaemon, Unproven, prove};
use super::state::{DaemonState, Phase, StateFile};
use super::token::Token;
use crate::Runtime;
use crate::http::HttpClient;
use crate::layout::Layout;
use ktx_system::process::running_process;

/// How long a recorded process that is there may take to prove itself.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// The state of the recorded daemon.
#[derive(Clone, Debug)]
pub struct DaemonStatus {
    pub kind: DaemonStatusKind,
    pub detail: String,
    pub state: Option<DaemonState>,
    /// There when it is running: proven just now.
    pub daemon: Option<ProvenDaemon>,
    /// Its process is the recorded one and did not answer: it is not to be replaced.
    pub is_busy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonStatusKind {
    /// Recorded, but not there or not ours.
    Stale,
    Stopped,
    Running,
}

impl DaemonStatusKind {
    pub const fn name(self) -> &'static str {
        match self {
            DaemonStatusKind::Stale => "stale",
            DaemonStatusKind::Stopped => "stopped",
            DaemonStatusKind::Running => "running",
        }
    }
}

impl Runtime {
    /// The state of this version's daemon.
    pub fn daemon_status(&self) -> DaemonStatus {
        let stale = |detail: String, state| DaemonStatus {
            kind: DaemonStatusKind::Stale,
            detail,
            state,
            daemon: None,
            is_busy: false,
        };
        let path = &self.layout().daemon_state_path;
        let state = match StateFile::read(path) {
            StateFile::Invalid(reason) => return stale(format!("Daemon state is invalid: {reason}"), None),
            StateFile::Missing => {
                let detail = format!("No daemon state at {}", path.display());
                return DaemonStatus {
                    kind: DaemonStatusKind::Stopped,
                    detail,
                    state: None,
                    daemon: None,
                    is_busy: false,
                };
            }
            StateFile::State(state) => *state,
        };
        if state.version != self.version() {
            let detail = format!(
                "Daemon is for CLI {}, current CLI is {}",
                state.version,
                self.version()
            );
            return stale(detail, Some(state));
        }
        if running_process(state.pid.0).is_none() {
            return stale(
                format!("Daemon process {} is not running", state.pid.0),
                Some(state),
            );
        }
        let client = HttpClient::new(self.interrupt().clone());
        let package_version = crate::assets::load(self.layout())
            .ok()
            .map(|assets| assets.manifest().version().to_string());
        match self.prove_patiently(&client, &state, package_version.as_deref()) {
            Err(unproven) => DaemonStatus {
                is_busy: unproven.is_silence && is_at_work(&state),
                ..stale(unproven.detail, Some(state))
            },
            Ok(daemon) => DaemonStatus {
                kind: DaemonStatusKind::Running,
                detail: format!("Daemon running at {}", daemon.url()),
                state: Some(state),
                daemon: Some(daemon),
                is_busy: false,
            },
        }
    }

    /// A process that is the recorded one is waited for: on a busy machine its answer takes seconds.
    fn prove_patiently(
        &self,
        client: &HttpClient,
        state: &DaemonState,
        package_version: Option<&str>,
    ) -> Result<ProvenDaemon, Unproven> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match prove_recorded(client, self.layout(), state, package_version) {
                Err(unproven)
                    if unproven.is_silence
                        && Instant::now() < deadline
                        && self.interrupt().raised().is_none()
                        && is_at_work(state) =>
                {
                    std::thread::sleep(PAUSE);
                }
                answer => return answer,
            }
        }
    }
}

fn is_at_work(state: &DaemonState) -> bool {
    matches!(occupant(state), Occupant::Ours(process) if !process.is_stopped)
}

/// Asks the recorded port for proof with the token that is beside the state.
pub fn prove_recorded(
    client: &HttpClient,
    layout: &Layout,
    state: &DaemonState,
    package_version: Option<&str>,
) -> Result<ProvenDaemon, Unproven> {
    let path = layout.daemon_token_path();
    let Some(token) = Token::read(&path) else {
        return Err(format!("No daemon token at {}", path.display()).into());
    };
    prove_with(client, &token, state, package_version)
}

/// The same with a token that was read before.
pub fn prove_with(
    client: &HttpClient,
    token: &Token,
    state: &DaemonState,
    package_version: Option<&str>,
) -> Result<ProvenDaemon, Unproven> {
    let (Phase::Ready, Some(port)) = (state.phase, state.port) else {
        return Err(format!("Daemon process {} did not finish its start", state.pid.0).into());
    };
    let Some(instance) = state.instance.as_deref() else {
        return Err("Daemon state names no instance that could be proven"
            .to_owned()
            .into());
    };
    let version = &state.version;
    prove(
        client,
        &ExpectedDaemon {
            port: port.get(),
            token,
            instance,
            version,
            package_version,
        },
    )
}
