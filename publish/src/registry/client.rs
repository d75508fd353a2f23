//! Sends requests to one registry only.

use std::thread;
use std::time::Duration;

use ktx_policy::RegistryUrl;
use ktx_policy::guard::{RegistryState, Tags};
use serde::Deserialize;
use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};

use crate::error::PublishError;

use super::known::Known;
use super::packument::Packument;

/// A packument with every version of a small package has some hundred kilobytes.
const LARGEST_PACKUMENT: u64 = 64 << 20;

/// npm's own limit for a tarball is far below.
const LARGEST_TARBALL: u64 = 1 << 30;

/// For one answer, from the first byte sent to the last one read.
const PATIENCE: Duration = Duration::from_secs(60);

/// Before an absent package is believed to be absent.
const SECOND_LOOK: Duration = Duration::from_millis(250);

/// A registry that is asked without credentials.
#[derive(Debug, Clone)]
pub struct Registry {
    url: RegistryUrl,
    pub(super) agent: ureq::Agent,
}

impl Registry {
    /// The registry at `url`. Redirects are not followed, so that every request reaches that registry.
    pub fn at(url: RegistryUrl, proxy: Option<ureq::Proxy>) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(Duration::from_secs(10)))
            .max_redirects(0)
            // npm runs for seconds between two requests, and the registry may end a connection that is kept meanwhile.
            .max_idle_connections(0)
            .http_status_as_error(false)
            .proxy(proxy)
            .tls_config(system_roots())
            .user_agent(concat!("ktx-xtask/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            url,
            agent: ureq::Agent::new_with_config(config),
        }
    }

    /// The registry's address.
    pub fn url(&self) -> &RegistryUrl {
        &self.url
    }

    /// The facts for the guard, and the packument behind them. What cannot be read is unknown, never absent, and absence
    /// needs two confirmations: the registry's own answer, twice, and nothing in `known` that contradicts it.
    pub fn facts(&self, package: &str, known: &Known) -> (RegistryState, Option<Packument>) {
        let first = self.packument(package);
        let answer = match &first {
            Ok(found) if known.contradiction(found.as_ref()).is_none() && found.is_some() => first,
            Ok(_) => {
                thread::sleep(SECOND_LOOK);
                self.packument(package)
            }
            Err(_) => first,
        };
        let found = match answer {
            Ok(found) => found,
            Err(error) => return (RegistryState::Unknown(error.to_string()), None),
        };
        if let Some(contradiction) = known.contradiction(found.as_ref()) {
            return (RegistryState::Unknown(contradiction), None);
        }
        match found {
            Some(packument) => (RegistryState::Package(packument.state()), Some(packument)),
            None => (RegistryState::NoPackage, None),
        }
    }

    /// The same as an answer: `None` for a package that is known to be absent, and an error for what is not known.
    pub fn published(&self, package: &str, known: &Known) -> Result<Option<Packument>, PublishError> {
        match self.facts(package, known) {
            (RegistryState::Unknown(cause), _) => Err(PublishError::RegistryUnknown(cause)),
            (_, packument) => Ok(packument),
        }
    }

    /// The packument, or `None` when the registry itself says that it does not have the package: a 404 with its own JSON.
    /// A proxy's error page is not an answer about packages.
    pub(crate) fn packument(&self, package: &str) -> Result<Option<Packument>, PublishError> {
        let address = format!("{}{}", self.url, package.replace('/', "%2f"));
        let failed = |cause: String| PublishError::Registry {
            address: address.clone(),
            cause,
        };
        let request = self
            .agent
            .get(&address)
            .header("accept", "application/json")
            .header("cache-control", "no-cache");
        let mut response = request.call().map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        if !matches!(status, StatusCode::OK | StatusCode::NOT_FOUND) {
            return Err(failed(format!("the registry answered {status}")));
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_PACKUMENT)
            .read_to_vec();
        let body = body.map_err(|error| failed(error.to_string()))?;
        if status == StatusCode::NOT_FOUND {
            return match is_own_refusal(&body) {
                true => Ok(None),
                false => Err(failed(format!("the answer {status} is not the registry's own"))),
            };
        }
        let packument = Packument::parse(&body)
            .map_err(|error| failed(format!("the answer is not a packument: {error}")))?;
        if packument.name != package {
            return Err(failed(format!("the answer is about `{}`", packument.name)));
        }
        Ok(Some(packument))
    }

    /// The list of dist-tags, [which npm reads](https://github.com/npm/cli/blob/latest/lib/commands/dist-tag.js) before it
    /// moves one.
    pub fn tags(&self, package: &str) -> Result<Tags, PublishError> {
        let package = package.replace('/', "%2f");
        let address = format!("{}-/package/{package}/dist-tags", self.url);
        let list = match self.fetch(&address)? {
            Some(list) => serde_json::from_slice(&list).map_err(|error| error.to_string()),
            None => Err("404".to_owned()),
        };
        list.map_err(|cause| PublishError::Registry {
            address,
            cause: format!("the answer is not a list of dist-tags: {cause}"),
        })
    }

    /// The bytes of a tarball, which must be on this registry.
    pub fn tarball(&self, address: &str) -> Result<Vec<u8>, PublishError> {
        let failed = |cause: String| PublishError::Registry {
            address: address.to_owned(),
            cause,
        };
        if origin(address) != origin(self.url.as_str()) {
            return Err(failed(format!(
                "the tarball is on another host than {}",
                self.url
            )));
        }
        let mut response = self
            .agent
            .get(address)
            .call()
            .map_err(|error| failed(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(failed(format!("the registry answered {}", response.status())));
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_TARBALL)
            .read_to_vec();
        body.map_err(|error| failed(error.to_string()))
    }
}

/// Registries answer a JSON object with an `error`.
fn is_own_refusal(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "error")]
        _error: String,
    }
    serde_json::from_slice::<Refusal>(body).is_ok()
}

/// The certificates that the system trusts, as every other client on the machine does: a company's proxy has its own.
pub(crate) fn system_roots() -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build()
}

/// Scheme, host and port of an address.
pub(super) fn origin(address: &str) -> Option<(String, String)> {
    let uri: ureq::http::Uri = address.parse().ok()?;
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some((uri.scheme_str()?.to_ascii_lowercase(), host.to_ascii_lowercase()))
}
