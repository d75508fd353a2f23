//! Sends requests to one repository's API, and sends the token nowhere else.

use std::time::Duration;

use ktx_publish::registry::proxy_for;
use ktx_publish::{Environment, PublishError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// An asset of some 30 MB has to go up a slow line.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// For a document: a rollback at night does not wait for a GitHub that is down.
const PATIENCE_TO_READ: Duration = Duration::from_secs(30);

/// Answers are short; a list of a hundred releases with their assets has about a megabyte.
const LARGEST_ANSWER: u64 = 16 << 20;
const LARGEST_ASSET: u64 = 1 << 30;

const PUBLIC_API: &str = "https://api.github.com";
const API_VERSION: &str = "2022-11-28";

/// Whose word the API takes; never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// `GITHUB_TOKEN` or `GH_TOKEN`.
    pub fn of(environment: &Environment) -> Option<Self> {
        let set = |name| environment.get(name).filter(|value| !value.is_empty());
        let token = set("GITHUB_TOKEN").or_else(|| set("GH_TOKEN"))?;
        Some(Self(token.clone()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token")
    }
}

/// One repository.
#[derive(Debug)]
pub struct Repository {
    agent: Agent,
    /// `https://api.github.com/repos/owner/name`
    base: String,
    token: Option<Token>,
}

impl Repository {
    /// The repository that `package.json` names, such as `git+https://github.com/owner/name.git`, at the API of
    /// `GITHUB_API_URL` or the public one.
    pub fn named(url: &str, environment: &Environment) -> Result<Self, PublishError> {
        let path = url
            .trim_end_matches(".git")
            .rsplit_once("github.com")
            .map(|(_, path)| path.trim_start_matches([':', '/']));
        let is_name = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(known)
        };
        let name = path
            .and_then(|path| path.split_once('/'))
            .filter(|(owner, name)| is_name(owner) && is_name(name));
        let Some((owner, name)) = name else {
            return Err(PublishError::Usage {
                message: format!("package.json names `{url}`, which is not a repository on GitHub"),
                hint: "correct repository.url in npm/package.json, then cargo xtask build".to_owned(),
            });
        };
        let api = environment
            .get("GITHUB_API_URL")
            .map_or(PUBLIC_API, String::as_str);
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(Duration::from_secs(10)))
            // A kept connection may be ended while the next file is read.
            .max_idle_connections(0)
            .http_status_as_error(false)
            .proxy(proxy_for(api, environment))
            .tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::PlatformVerifier)
                    .build(),
            )
            .user_agent(concat!("ktx-xtask/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: Agent::new_with_config(config),
            base: format!("{}/repos/{owner}/{name}", api.trim_end_matches('/')),
            token: Token::of(environment),
        })
    }

    /// Whether there is a token; without one, drafts cannot be seen and nothing can be written.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// `None` where the API answers 404, which it also does for what the token may not see.
    pub(super) fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, PublishError> {
        let address = format!("{}/{path}", self.base);
        let request = self.agent.get(&address).config();
        let request = request.timeout_global(Some(PATIENCE_TO_READ)).build();
        let response = self.sent(self.with_headers(request).call(), &address)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.read(response, &address).map(Some)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, PublishError> {
        let address = format!("{}/{path}", self.base);
        self.find(path)?.ok_or_else(|| not_found(&address))
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, PublishError> {
        let address = format!("{}/{path}", self.base);
        let request = self.with_headers(self.agent.post(&address));
        let response = self.sent(request.send_json(body), &address)?;
        self.read(response, &address)
    }

    pub(super) fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, PublishError> {
        let address = format!("{}/{path}", self.base);
        let request = self.with_headers(self.agent.patch(&address));
        let response = self.sent(request.send_json(body), &address)?;
        self.read(response, &address)
    }

    pub(super) fn delete(&self, path: &str) -> Result<(), PublishError> {
        let address = format!("{}/{path}", self.base);
        let response = self.sent(self.with_headers(self.agent.delete(&address)).call(), &address)?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(());
        }
        self.read::<serde_json::Value>(response, &address).map(drop)
    }

    /// Uploads bytes to the address that a release names, which must be GitHub's own.
    pub(super) fn upload<T: DeserializeOwned>(
        &self,
        address: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<T, PublishError> {
        let own = host(&self.base);
        let uploads = own.as_ref().map(|host| host.replacen("api.", "uploads.", 1));
        if host(address).is_none() || (host(address) != own && host(address) != uploads) {
            return Err(failed(
                address,
                "the address for uploads is on another host than the API",
            ));
        }
        let request = self
            .with_headers(self.agent.post(address))
            .header("content-type", media_type);
        let response = self.sent(request.send(bytes), address)?;
        self.read(response, address)
    }

    /// The bytes of an asset. GitHub redirects to its storage, which gets no token.
    pub(super) fn download(&self, path: &str) -> Result<Vec<u8>, PublishError> {
        let address = format!("{}/{path}", self.base);
        let request = self
            .agent
            .get(&address)
            .header("accept", "application/octet-stream");
        let request = self.authorized(request);
        let mut response = self.sent(request.call(), &address)?;
        if response.status() != StatusCode::OK {
            return self.read(response, &address);
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ASSET)
            .read_to_vec();
        body.map_err(|error| failed(&address, error))
    }

    fn with_headers<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        self.authorized(request)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(Token(token)) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn sent(
        &self,
        response: Result<Response<Body>, ureq::Error>,
        address: &str,
    ) -> Result<Response<Body>, PublishError> {
        response.map_err(|error| failed(address, error))
    }

    fn read<T: DeserializeOwned>(
        &self,
        mut response: Response<Body>,
        address: &str,
    ) -> Result<T, PublishError> {
        let status = response.status();
        let limited = response
            .headers()
            .get("x-ratelimit-remaining")
            .is_some_and(|left| left == "0");
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_vec();
        let body = body.map_err(|error| failed(address, error))?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|error| failed(address, format!("the answer is not as documented: {error}")));
        }
        let said = said(&body);
        match status {
            StatusCode::FORBIDDEN if limited => {
                Err(failed(address, format!("GitHub answered {status}: {said}")))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(PublishError::Prerequisite {
                message: format!("GitHub refuses `{address}`: {status}: {said}"),
                hint: "give GITHUB_TOKEN a token that may write contents of the repository".to_owned(),
            }),
            StatusCode::NOT_FOUND => Err(not_found(address)),
            _ => Err(failed(address, format!("GitHub answered {status}: {said}"))),
        }
    }
}

/// What GitHub says about an error: its message and the codes of the fields.
fn said(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Answer {
        message: String,
        #[serde(default)]
        errors: Vec<serde_json::Value>,
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return "without a reason".to_owned();
    };
    let text = |value: &serde_json::Value| {
        value
            .get("code")
            .and_then(|code| code.as_str())
            .map(str::to_owned)
    };
    let codes: Vec<String> = answer.errors.iter().filter_map(text).collect();
    if codes.is_empty() {
        answer.message
    } else {
        format!("{} ({})", answer.message, codes.join(", "))
    }
}

fn not_found(address: &str) -> PublishError {
    PublishError::Prerequisite {
        message: format!("GitHub knows nothing at `{address}`, or the token may not see it"),
        hint: "give GITHUB_TOKEN a token that may write contents of the repository".to_owned(),
    }
}

fn failed(address: &str, cause: impl ToString) -> PublishError {
    PublishError::Registry {
        address: address.to_owned(),
        cause: cause.to_string(),
    }
}

/// Scheme, host and port.
fn host(address: &str) -> Option<String> {
    let uri: ureq::http::Uri = address.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}
