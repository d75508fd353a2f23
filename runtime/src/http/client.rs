//! The client: ureq without proxies, redirects and retries, waited for in steps so that a signal ends the wait.

use std::io::Read;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Map, Value};

use super::url::BaseUrl;
use super::{Caller, HttpError};
use crate::Interrupt;

/// A request may work for long: large models, databases that answer slowly.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Far above any answer of the daemon, far below the memory of a machine.
const MAX_ANSWER: u64 = 256 << 20;
/// How much of a failed answer a message repeats.
const MAX_FAILURE: usize = 64 << 10;
const TICK: Duration = Duration::from_millis(20);

/// Makes requests, each on its own time and all under one interrupt.
#[derive(Clone)]
pub struct HttpClient {
    agent: ureq::Agent,
    timeout: Duration,
    interrupt: Interrupt,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    /// The header that the request asked for, if it came.
    pub header: Option<String>,
    pub body: Vec<u8>,
}

impl HttpClient {
    /// A client whose waits end when `interrupt` is raised.
    pub fn new(interrupt: Interrupt) -> HttpClient {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("")
            .build();
        HttpClient {
            agent: config.into(),
            timeout: DEFAULT_TIMEOUT,
            interrupt,
        }
    }

    /// The same client with another limit for each request, from connecting to the last byte.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> HttpClient {
        self.timeout = timeout;
        self
    }

    /// The same client with its limit, or this one where that is shorter.
    #[must_use]
    pub fn with_at_most(mut self, timeout: Duration) -> HttpClient {
        self.timeout = self.timeout.min(timeout);
        self
    }

    /// Posts a JSON object and returns the JSON object of the answer.
    ///
    /// # Errors
    /// [`HttpError`] in the words of `caller`.
    pub fn post_object(
        &self,
        caller: Caller,
        base: &BaseUrl,
        path: &str,
        payload: &Value,
        bearer: Option<&str>,
    ) -> Result<Map<String, Value>, HttpError> {
        let body = serde_json::to_vec(payload).map_err(HttpError::Json)?;
        let mut request = ureq::http::Request::post(base.at(path))
            .header("accept", "application/json")
            .header("content-type", "application/json");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let request = request.body(body).map_err(|_| base.refused())?;
        let answer = self.exchange(request, None)?;
        if !(200..300).contains(&answer.status) {
            let body = answer.text();
            return Err(HttpError::Status {
                caller,
                path: path.to_owned(),
                status: answer.status,
                body,
            });
        }
        match serde_json::from_slice(&answer.body).map_err(HttpError::Json)? {
            Value::Object(object) => Ok(object),
            _ => Err(HttpError::NotAnObject {
                caller,
                path: path.to_owned(),
            }),
        }
    }

    /// Gets a path with one header of its own, and hands out one header of the answer.
    ///
    /// # Errors
    /// When there is no complete answer; its status is not looked at.
    pub fn get(
        &self,
        base: &BaseUrl,
        path: &str,
        header: (&str, &str),
        wanted: &'static str,
    ) -> Result<HttpAnswer, HttpError> {
        let request = ureq::http::Request::get(base.at(path))
            .header("accept", "application/json")
            .header(header.0, header.1)
            .body(Vec::new())
            .map_err(|_| base.refused())?;
        self.exchange(request, Some(wanted))
    }

    fn exchange(
        &self,
        request: ureq::http::Request<Vec<u8>>,
        wanted: Option<&'static str>,
    ) -> Result<HttpAnswer, HttpError> {
        self.interrupt.check()?;
        let (sender, answers) = channel();
        let agent = self.agent.clone();
        let timeout = self.timeout;
        std::thread::spawn(move || {
            // An error here is a caller that was interrupted and is gone.
            let _ = sender.send(perform(&agent, request, wanted, timeout));
        });
        loop {
            match answers.recv_timeout(TICK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => self.interrupt.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(HttpError::Transport(std::io::Error::other(
                        "the request ended without an answer",
                    )));
                }
            }
        }
    }
}

fn perform(
    agent: &ureq::Agent,
    request: ureq::http::Request<Vec<u8>>,
    wanted: Option<&'static str>,
    timeout: Duration,
) -> Result<HttpAnswer, HttpError> {
    let failed = |error: ureq::Error| match error {
        ureq::Error::Timeout(_) => HttpError::TimedOut {
            seconds: timeout.as_secs(),
        },
        ureq::Error::Io(error) => HttpError::Transport(error),
        other => HttpError::Transport(std::io::Error::other(other)),
    };
    let (parts, body) = request.into_parts();
    let has_body = parts.method == ureq::http::Method::POST;
    let response = if has_body {
        let request = agent.configure_request(ureq::http::Request::from_parts(parts, body));
        agent.run(request.timeout_global(Some(timeout)).build())
    } else {
        let request = agent.configure_request(ureq::http::Request::from_parts(parts, ()));
        agent.run(request.timeout_global(Some(timeout)).build())
    };
    let mut response = response.map_err(failed)?;
    let header = wanted.and_then(|name| response.headers().get(name)?.to_str().ok().map(str::to_owned));
    let mut body = Vec::new();
    let read = response
        .body_mut()
        .as_reader()
        .take(MAX_ANSWER + 1)
        .read_to_end(&mut body);
    if let Err(error) = read {
        return Err(match error.downcast::<ureq::Error>() {
            Ok(error) => failed(error),
            Err(error) => HttpError::Transport(error),
        });
    }
    if body.len() as u64 > MAX_ANSWER {
        return Err(HttpError::TooLarge { limit: MAX_ANSWER });
    }
    Ok(HttpAnswer {
        status: response.status().as_u16(),
        header,
        body,
    })
}

impl HttpAnswer {
    /// The body for a message: trimmed to what people can read.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(MAX_FAILURE)]).into_owned()
    }
}
