//! Which registry to use, and how to reach it.

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
                hint: "omit --registry, or change npm.registry in release-policy.json".to_owned(),
            });
        }
        (Some(named), _) => named,
        (None, Some(asked)) => asked.clone(),
        (None, None) => npm.default_registry(desk)?,
    };
    let proxy = proxy_for(url.as_str(), environment);
    Ok(Registry::at(url, proxy))
}

/// The proxy of `environment` for https addresses, and the hosts that are reached without it. Addresses of http have none.
pub fn proxy_for(address: &str, environment: &Environment) -> Option<ureq::Proxy> {
    proxy(environment).filter(|_| address.starts_with("https:"))
}

fn proxy(environment: &Environment) -> Option<ureq::Proxy> {
    let set = |names: [&str; 2]| {
        let mut values = names.into_iter().filter_map(|name| environment.get(name));
        values.find(|value| !value.is_empty()).map(String::as_str)
    };
    let proxy = ureq::Proxy::new(set(["https_proxy", "HTTPS_PROXY"])?).ok()?;
    let mut builder = ureq::Proxy::builder(proxy.protocol())
        .host(proxy.host())
        .port(proxy.port());
    if let (Some(name), Some(password)) = (proxy.username(), proxy.password()) {
        builder = builder.username(name).password(password);
    }
    let hosts = set(["no_proxy", "NO_PROXY"]).unwrap_or_default();
    for host in hosts.split([',', ' ']).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_no_proxy_are_reached_without_the_proxy() {
        let with = |hosts: &str| {
            let environment = Environment::from([
                (
                    "HTTPS_PROXY".to_owned(),
                    "http://user:word@proxy.example:3128".to_owned(),
                ),
                ("NO_PROXY".to_owned(), hosts.to_owned()),
            ]);
            let proxy = proxy(&environment).unwrap();
            assert_eq!(
                (proxy.host(), proxy.port(), proxy.password()),
                ("proxy.example", 3128, Some("word"))
            );
            proxy.is_no_proxy(&"https://registry.example/ktx".parse().unwrap())
        };
        for hosts in [
            "registry.example",
            "localhost, registry.example",
            "a,registry.example,b",
            "*",
            ".example",
        ] {
            assert!(with(hosts), "{hosts}");
        }
        for hosts in ["", "other.example", "registry.example.com"] {
            assert!(!with(hosts), "{hosts}");
        }
        assert!(proxy(&Environment::new()).is_none());
    }
}
