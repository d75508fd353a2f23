//! The address of a registry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An http(s) address with a host, without credentials, query or fragment, and with a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryUrl(String);

impl RegistryUrl {
    /// The address as text, with a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryUrl {
    type Err = InvalidRegistryUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = url::Url::parse(text).map_err(|_| InvalidRegistryUrl)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && text.trim() == text;
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(InvalidRegistryUrl);
        }
        let mut address = String::from(url);
        if !address.ends_with('/') {
            address.push('/');
        }
        Ok(Self(address))
    }
}

impl TryFrom<String> for RegistryUrl {
    type Error = InvalidRegistryUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RegistryUrl> for String {
    fn from(url: RegistryUrl) -> Self {
        url.0
    }
}

impl fmt::Display for RegistryUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that is not the address of a registry. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http(s) URL")]
pub struct InvalidRegistryUrl;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_http_addresses_and_ends_them_with_a_slash() {
        for (text, url) in [
            ("http://127.0.0.1:4873", "http://127.0.0.1:4873/"),
            ("https://registry.example/", "https://registry.example/"),
            ("https://registry.example/npm/", "https://registry.example/npm/"),
            ("https://registry.example/npm", "https://registry.example/npm/"),
            ("HTTPS://Registry.Example:443", "https://registry.example/"),
        ] {
            assert_eq!(text.parse::<RegistryUrl>().unwrap().as_str(), url);
        }
        for text in [
            "",
            "registry.example",
            "ftp://registry.example",
            "file:///etc",
            "http://",
            "https://user:pass@registry.example",
            "https://user@registry.example",
            "https://:pass@registry.example",
            "https://registry.example/?a=b",
            "https://registry.example/#a",
            " https://registry.example",
            "https://registry.example\n",
            "javascript:alert(1)",
        ] {
            assert!(text.parse::<RegistryUrl>().is_err(), "{text}");
        }
    }
}
