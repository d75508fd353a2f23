//! URLs that requests are made to: where a path of a request is added, and what of a URL may be shown.

use std::str::FromStr;

use ktx_system::Redaction;
use url::Url;

/// An absolute `http` or `https` URL whose path ends with `/`, to which paths of requests are added.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// The text is not a URL that requests can be made to. Does not repeat user information.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid URL `{0}`: an absolute http or https URL is expected")]
pub struct InvalidUrl(String);

impl BaseUrl {
    /// The URL of a daemon on this machine.
    #[expect(clippy::expect_used, reason = "every port gives a URL")]
    pub fn of_port(port: u16) -> BaseUrl {
        BaseUrl(Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL"))
    }

    /// The port of a URL of this machine, if it is one.
    pub fn loopback_port(&self) -> Option<u16> {
        let here = matches!(self.0.host_str()?, "127.0.0.1" | "localhost") && self.0.scheme() == "http";
        (here && self.0.path() == "/").then(|| self.port()).flatten()
    }

    /// The port that is connected to.
    pub fn port(&self) -> Option<u16> {
        self.0.port_or_known_default()
    }

    /// The error of a request that cannot be made to it.
    pub(super) fn refused(&self) -> InvalidUrl {
        InvalidUrl::of(self.0.as_str())
    }

    /// Without the slash at its end, as people write it.
    pub fn shown(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{}", self.0, path.strip_prefix('/').unwrap_or(path))
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<BaseUrl, InvalidUrl> {
        let invalid = || InvalidUrl::of(text);
        // The standard accepts `http:host` and backslashes, which are typing errors here.
        let starts = ["http://", "https://"];
        let is_absolute = starts.iter().any(|start| {
            let head = text.trim().get(..start.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
        let mut url = Url::parse(text.trim()).map_err(|_| invalid())?;
        let is_plain = url.query().is_none() && url.fragment().is_none() && !text.contains('\\');
        if !is_absolute || !is_plain || url.host_str().is_none_or(str::is_empty) {
            return Err(invalid());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(BaseUrl(url))
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "BaseUrl({})", InvalidUrl::of(self.0.as_str()).0)
    }
}

impl InvalidUrl {
    fn of(text: &str) -> InvalidUrl {
        InvalidUrl(Redaction::default().apply(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_added_behind_one_slash() {
        for (base, path, url) in [
            ("http://h:1", "/sql/x", "http://h:1/sql/x"),
            ("http://h:1/base", "/sql/x", "http://h:1/base/sql/x"),
            ("https://h/base/", "sql/x", "https://h/base/sql/x"),
        ] {
            assert_eq!(base.parse::<BaseUrl>().expect("a URL").at(path), url);
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for text in [
            "",
            "h:1",
            "/x",
            "ftp://h",
            "http://",
            "file:///x",
            "http://h/?q=1",
        ] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
        let error = "ftp://ada:s3cret@h".parse::<BaseUrl>().expect_err("not http");
        assert_eq!(
            error.to_string(),
            "invalid URL `ftp://****@h`: an absolute http or https URL is expected"
        );
    }

    #[test]
    fn only_roots_of_this_machine_have_a_loopback_port() {
        for (url, port) in [
            ("http://127.0.0.1:5123", Some(5123)),
            ("http://localhost:5123/", Some(5123)),
            ("http://localhost", Some(80)),
            ("https://127.0.0.1:5123", None),
            ("http://127.0.0.1:5123/base", None),
            ("http://127.0.0.1.example:5123", None),
            ("http://0.0.0.0:5123", None),
        ] {
            assert_eq!(
                url.parse::<BaseUrl>().expect("a URL").loopback_port(),
                port,
                "{url}"
            );
        }
    }
}
