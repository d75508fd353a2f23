//! Which registry is meant, and how it is reached.

use ktx_policy::{RegistryUrl, ReleasePolicy};

use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::npm::Npm;

use super::client::Registry;

/// The policy's registry; one that was asked for must be the same. Without either it is npm's own.
pub fn chosen(
    policy: &ReleasePolicy,
    asked: Option<&RegistryUrl>,
    environment: &Environment,
    npm: &Npm,
    desk: &dyn Desk,
) -> Result<Registry, PublishError> {
    let named = policy
        .npm
        .registry
        .as_deref()
        .and_then(|address| address.parse::<RegistryUrl>().ok());
    let url = match (named, asked) {
        (Some(named), Some(asked)) if named != *asked => {
            return Err(PublishError::Usage {
                message: format!("--registry is {asked}, but release-policy.json names {named}"),
                hint: "leave --registry away, or change npm.registry in release-policy.json".to_owned(),
            });
        }
        (Some(named), _) => named,
        (None, Some(asked)) => asked.clone(),
        (None, None) => npm.default_registry(desk)?,
    };
    Ok(Registry::at(url, proxy(environment)))
}

/// The proxy for https addresses.
fn proxy(environment: &Environment) -> Option<&str> {
    let set = |name: &str| {
        environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    set("https_proxy").or_else(|| set("HTTPS_PROXY"))
}
