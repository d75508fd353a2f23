//! The way of a request to Python and back.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Endpoint;
use crate::http::{HttpClient, HttpError, Port};
use crate::{Dialogue, Error, ExplicitDaemon, InstallPolicy, ManagedDaemon, ProvenDaemon, Runtime};

/// Where one port's requests go. Making one touches nothing.
#[derive(Clone)]
pub struct Backend {
    runtime: Runtime,
    route: Route,
}

#[derive(Clone)]
enum Route {
    Explicit(ExplicitDaemon),
    Managed(ManagedDaemon),
    OneShot {
        policy: InstallPolicy,
        dialogue: Arc<dyn Dialogue>,
    },
    /// A daemon that proved itself a moment ago.
    Proven {
        daemon: ProvenDaemon,
        /// One client keeps its connections: opening one takes longer than a small answer.
        client: HttpClient,
    },
}

/// One of the things that Python does: over HTTP and as a subcommand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub port: Port,
    pub path: &'static str,
    pub subcommand: &'static str,
}

/// Why a port has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error(transparent)]
    Runtime(#[from] Error),
    /// The daemon ended in the middle, and again when it was asked a second time.
    #[error("the KTX Python daemon ended while it answered, twice: {cause} (daemon log: {})", log.display())]
    Died { cause: Error, log: PathBuf },
    /// The answer is not what the port's contract says.
    #[error("{0}")]
    Answer(String),
}

impl PortError {
    /// The signal that ended the request, if that is why it failed.
    pub fn interrupted(&self) -> Option<crate::Interrupted> {
        match self {
            PortError::Runtime(error) => error.interrupted(),
            PortError::Died { .. } | PortError::Answer(_) => None,
        }
    }
}

impl Backend {
    /// A backend at an endpoint. The managed daemon is shared: pass clones of one to all ports of a command.
    ///
    /// # Errors
    /// When the endpoint is a URL that requests cannot be made to.
    pub fn new(
        runtime: &Runtime,
        endpoint: &Endpoint,
        managed: &ManagedDaemon,
        policy: InstallPolicy,
        dialogue: &Arc<dyn Dialogue>,
    ) -> Result<Backend, PortError> {
        let route = match endpoint {
            Endpoint::Url(url) => {
                let base = url.parse().map_err(|error| Error::Http(HttpError::Url(error)))?;
                Route::Explicit(ExplicitDaemon::new(runtime.clone(), base))
            }
            Endpoint::Managed => Route::Managed(managed.clone()),
            Endpoint::OneShot => Route::OneShot {
                policy,
                dialogue: Arc::clone(dialogue),
            },
        };
        Ok(Backend {
            runtime: runtime.clone(),
            route,
        })
    }

    /// A backend at a daemon that was started or found just now, for a burst of requests: it is not asked for its proof
    /// again before each of them.
    pub fn of_proven(runtime: &Runtime, daemon: ProvenDaemon) -> Backend {
        Backend {
            runtime: runtime.clone(),
            route: Route::Proven {
                client: HttpClient::new(runtime.interrupt().clone()),
                daemon,
            },
        }
    }

    /// Whether it is a service that the user named, of which no more is known than its contract.
    pub(super) fn is_explicit(&self) -> bool {
        matches!(self.route, Route::Explicit(_))
    }

    pub(super) fn call(
        &self,
        operation: Operation,
        payload: &Value,
    ) -> Result<Map<String, Value>, PortError> {
        let Operation {
            port,
            path,
            subcommand,
        } = operation;
        match &self.route {
            Route::Explicit(daemon) => Ok(daemon.post(port, path, payload)?),
            Route::Managed(daemon) => match daemon.post(port, path, payload) {
                // Everything that ports ask is a reading question, so asking again does no harm.
                Err(Error::Http(HttpError::Transport(_))) => daemon
                    .post(port, path, payload)
                    .map_err(|cause| self.after_retry(cause)),
                answer => Ok(answer?),
            },
            Route::Proven { daemon, client } => {
                let _in_use = self.runtime.use_runtime()?;
                Ok(daemon.post(client, port, path, payload).map_err(Error::Http)?)
            }
            Route::OneShot { policy, dialogue } => {
                if let Some(answer) = self.ask_running(operation, payload) {
                    return answer;
                }
                Ok(self.runtime.one_shot(subcommand, payload, *policy, &**dialogue)?)
            }
        }
    }

    fn after_retry(&self, cause: Error) -> PortError {
        match cause {
            Error::Http(HttpError::Transport(_)) => PortError::Died {
                cause,
                log: self.runtime.layout().daemon_stderr_path.clone(),
            },
            cause => PortError::Runtime(cause),
        }
    }

    /// A daemon that runs already answers faster than a process of its own can start. One that goes away is no error.
    fn ask_running(
        &self,
        operation: Operation,
        payload: &Value,
    ) -> Option<Result<Map<String, Value>, PortError>> {
        let daemon = self.runtime.daemon_status().daemon?;
        let _in_use = self.runtime.use_runtime().ok()?;
        let client = HttpClient::new(self.runtime.interrupt().clone());
        match daemon.post(&client, operation.port, operation.path, payload) {
            Err(HttpError::Transport(_)) => None,
            answer => Some(answer.map_err(|error| PortError::Runtime(Error::Http(error)))),
        }
    }
}
