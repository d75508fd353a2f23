//! Other documents of a registry than packuments: keys, attestations.

use ureq::http::StatusCode;

use crate::error::PublishError;

use super::client::{Registry, origin};

/// The attestations of a version have some ten kilobytes; a packument may be large.
const LARGEST_DOCUMENT: u64 = 64 << 20;

impl Registry {
    /// The document at an address on this registry, or `None` when it has none there.
    pub fn fetch(&self, address: &str) -> Result<Option<Vec<u8>>, PublishError> {
        let failed = |cause: String| PublishError::Registry {
            address: address.to_owned(),
            cause,
        };
        if origin(address) != origin(self.url().as_str()) {
            return Err(failed(format!("it is on another host than {}", self.url())));
        }
        let request = self.agent.get(address).header("accept", "application/json");
        let mut response = request.call().map_err(|error| failed(error.to_string()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(failed(format!("the registry answered {status}"))),
        }
        let body = response
            .body_mut()
            .with_config()
            .limit(LARGEST_DOCUMENT)
            .read_to_vec();
        body.map(Some).map_err(|error| failed(error.to_string()))
    }
}
