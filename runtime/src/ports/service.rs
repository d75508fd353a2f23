//! A request to Python and its answer: over HTTP to a daemon, or to a separate process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::Address;
use crate::http::{Caller, HttpClient, HttpError};
use crate::{Dialogue, Error, ExplicitDaemon, InstallPolicy, ManagedDaemon, ProvenDaemon, Runtime};

/// Between two attempts at a busy daemon.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What answers the requests of one kind. Making one touches nothing.
#[derive(Clone)]
pub struct Service {
    runtime: Runtime,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
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
pub struct Call {
    pub(super) caller: Caller,
    pub path: &'static str,
    pub subcommand: &'static str,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error(transparent)]
    Runtime(#[from] Error),
    /// The service cannot serve this request, in its own words.
    #[error("{message}")]
    Refused { message: String, hint: Option<String> },
    /// The service failed at it, in its own words.
    #[error("{message}")]
    Failed { message: String, hint: Option<String> },
    /// The daemon ended in the middle, and again when it was asked a second time.
    #[error("the KTX Python daemon ended while it answered, twice: {cause} (daemon log: {})", log.display())]
    Died {
        #[source]
        cause: Error,
        log: PathBuf,
    },
    /// The answer is not what the contract says.
    #[error("{0}")]
    Answer(String),
}

impl PortError {
    /// The signal that ended the request, if that is why it failed.
    pub fn interrupted(&self) -> Option<crate::Interrupted> {
        match self {
            PortError::Runtime(error) => error.interrupted(),
            _ => None,
        }
    }

    /// What to do about it, as the service says.
    pub fn hint(&self) -> Option<String> {
        match self {
            PortError::Refused { hint, .. } | PortError::Failed { hint, .. } => hint.clone(),
            PortError::Runtime(error) => error.hint(),
            _ => None,
        }
    }

    /// A failure without the transport and the JSON around the service's sentence.
    fn of(error: Error) -> PortError {
        match error {
            Error::Http(HttpError::Status {
                caller,
                path,
                status,
                body,
            }) => match (status, sentence(&body)) {
                (400 | 413 | 422, Some((message, hint))) => PortError::Refused { message, hint },
                (500 | 503, Some((message, hint))) => PortError::Failed { message, hint },
                _ => PortError::Runtime(Error::Http(HttpError::Status {
                    caller,
                    path,
                    status,
                    body,
                })),
            },
            Error::OneShotRefused { message, .. } => {
                let (message, hint) = parted(&message);
                PortError::Refused { message, hint }
            }
            error => PortError::Runtime(error),
        }
    }
}

/// The sentence and the hint of a failed answer: `detail` is a text, or the list of what is wrong with the request.
fn sentence(body: &str) -> Option<(String, Option<String>)> {
    let body: Map<String, Value> = serde_json::from_str(body).ok()?;
    let (message, hint) = match body.get("detail")? {
        Value::String(text) => parted(text),
        Value::Array(problems) => (
            problems.iter().filter_map(problem).collect::<Vec<_>>().join("; "),
            None,
        ),
        _ => return None,
    };
    let said = body.get("hint").and_then(Value::as_str).map(str::to_owned);
    (!message.is_empty()).then_some((message, said.or(hint)))
}

/// `query.limit: should be at least 1`, from a location that begins with where the request holds its body.
fn problem(problem: &Value) -> Option<String> {
    let message = problem.get("msg")?.as_str()?;
    let place = problem.get("loc").and_then(Value::as_array).into_iter().flatten();
    let place: Vec<String> = place
        .filter_map(|part| match part {
            Value::String(text) if text == "body" => None,
            Value::String(text) => Some(text.clone()),
            part => Some(part.to_string()),
        })
        .collect();
    Some(match place.is_empty() {
        true => message.to_owned(),
        false => format!("{}: {message}", place.join(".")),
    })
}

fn parted(text: &str) -> (String, Option<String>) {
    match text.trim().split_once("\nhint: ") {
        Some((message, hint)) => (message.trim_end().to_owned(), Some(hint.to_owned())),
        None => (text.trim().to_owned(), None),
    }
}

impl Service {
    /// The service at an address. The managed daemon is shared: pass clones of one to all services of a command.
    ///
    /// # Errors
    /// When the address is a URL that requests cannot be made to.
    pub fn new(
        runtime: &Runtime,
        address: &Address,
        managed: &ManagedDaemon,
        policy: InstallPolicy,
        dialogue: &Arc<dyn Dialogue>,
    ) -> Result<Service, PortError> {
        let transport = match address {
            Address::Url(url) => {
                let base = url.parse().map_err(|error| Error::Http(HttpError::Url(error)))?;
                Transport::Explicit(ExplicitDaemon::new(runtime.clone(), base))
            }
            Address::Managed => Transport::Managed(managed.clone()),
            Address::OneShot => Transport::OneShot {
                policy,
                dialogue: Arc::clone(dialogue),
            },
        };
        Ok(Service {
            runtime: runtime.clone(),
            transport,
        })
    }

    /// A daemon that was started or found just now, for a burst of requests: it is not asked for its proof again before
    /// each of them.
    pub fn of_proven(runtime: &Runtime, daemon: ProvenDaemon) -> Service {
        Service {
            runtime: runtime.clone(),
            transport: Transport::Proven {
                client: HttpClient::new(runtime.interrupt().clone()),
                daemon,
            },
        }
    }

    /// Whether the user named it, so that no more is known about it than its contract.
    pub(super) fn is_explicit(&self) -> bool {
        matches!(self.transport, Transport::Explicit(_))
    }

    pub(super) fn call(&self, call: Call, payload: &Value) -> Result<Map<String, Value>, PortError> {
        self.send(call, payload).map_err(|error| {
            // Whatever broke because of a signal, the signal is the reason.
            match self.runtime.interrupt().check() {
                Err(interrupted) => PortError::Runtime(interrupted.into()),
                Ok(()) => error,
            }
        })
    }

    /// Asks a daemon until it has time: a busy one answers 503 and has done nothing.
    fn patiently(
        &self,
        mut post: impl FnMut() -> Result<Map<String, Value>, Error>,
    ) -> Result<Map<String, Value>, Error> {
        let deadline = Instant::now() + self.runtime.limits().busy;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let answer = post();
            if !is_busy(&answer) || Instant::now() + pause > deadline {
                return answer;
            }
            std::thread::sleep(pause);
            self.runtime.interrupt().check()?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn send(&self, call: Call, payload: &Value) -> Result<Map<String, Value>, PortError> {
        let Call {
            caller,
            path,
            subcommand,
        } = call;
        let answer = match &self.transport {
            Transport::Explicit(daemon) => self.patiently(|| daemon.post(caller, path, payload)),
            Transport::Managed(daemon) => match self.patiently(|| daemon.post(caller, path, payload)) {
                // Every request only reads, so asking again does no harm.
                Err(Error::Http(HttpError::Transport(_))) => match daemon.post(caller, path, payload) {
                    Err(cause @ Error::Http(HttpError::Transport(_))) => {
                        return Err(PortError::Died {
                            cause,
                            log: self.runtime.layout().daemon_stderr_path.clone(),
                        });
                    }
                    answer => answer,
                },
                answer => answer,
            },
            Transport::Proven { daemon, client } => {
                let _in_use = self.runtime.use_runtime()?;
                self.patiently(|| daemon.post(client, caller, path, payload).map_err(Error::Http))
            }
            Transport::OneShot { policy, dialogue } => self
                .ask_running(call, payload)
                .unwrap_or_else(|| self.runtime.one_shot(subcommand, payload, *policy, &**dialogue)),
        };
        answer.map_err(PortError::of)
    }

    /// A daemon that runs already answers faster than a separate process can start. If it exits early or stays busy, the
    /// process answers.
    fn ask_running(&self, call: Call, payload: &Value) -> Option<Result<Map<String, Value>, Error>> {
        let daemon = self.runtime.daemon_status().daemon?;
        let _in_use = self.runtime.use_runtime().ok()?;
        let client = HttpClient::new(self.runtime.interrupt().clone());
        let post = || {
            daemon
                .post(&client, call.caller, call.path, payload)
                .map_err(Error::Http)
        };
        match self.patiently(post) {
            Err(Error::Http(HttpError::Transport(_))) => None,
            answer if is_busy(&answer) => None,
            answer => Some(answer),
        }
    }
}

fn is_busy(answer: &Result<Map<String, Value>, Error>) -> bool {
    matches!(answer, Err(Error::Http(HttpError::Status { status: 503, .. })))
}

#[cfg(test)]
mod tests {
    use super::{parted, sentence};

    #[test]
    fn people_read_the_sentence_and_not_the_json_around_it() {
        for (body, message, hint) in [
            (r#"{"detail": "no such column"}"#, "no such column", None),
            (r#"{"detail": "a\nhint: b"}"#, "a", Some("b")),
            (r#"{"detail": "a", "hint": "b"}"#, "a", Some("b")),
            (
                r#"{"detail": [{"type": "t", "loc": ["body", "query", 0], "msg": "is missing"}, {"loc": [], "msg": "no"}]}"#,
                "query.0: is missing; no",
                None,
            ),
        ] {
            assert_eq!(
                sentence(body),
                Some((message.to_owned(), hint.map(str::to_owned))),
                "{body}"
            );
        }
        for body in ["", "<html>", "[]", "{}", r#"{"detail": 1}"#, r#"{"detail": []}"#] {
            assert_eq!(sentence(body), None, "{body}");
        }
        assert_eq!(parted("  x \n"), ("x".to_owned(), None));
    }
}
