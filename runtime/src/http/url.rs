//! URLs that requests are made to: where a path of a request is added, and what of a URL may be shown.

use std::str::FromStr;

/// An absolute `http` or `https` URL whose path ends with `/`, to which paths of requests are added.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// The text is no URL that requests can be made to. Does not repeat user information.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid URL `{0}`: an absolute http or https URL is expected")]
pub struct InvalidUrl(String);

impl BaseUrl {
    /// The URL of a daemon on this machine.
    pub fn of_port(port: u16) -> BaseUrl {
        BaseUrl(format!("http://127.0.0.1:{port}/"))
    }

    /// The port of a URL of this machine, if it is one.
    pub fn loopback_port(&self) -> Option<u16> {
        let uri: ureq::http::Uri = self.0.parse().ok()?;
        let here = matches!(uri.host()?, "127.0.0.1" | "localhost") && uri.scheme_str() == Some("http");
        (here && uri.path() == "/").then_some(uri.port_u16().unwrap_or(80))
    }

    /// The port that is connected to.
    pub fn port(&self) -> Option<u16> {
        let uri: ureq::http::Uri = self.0.parse().ok()?;
        uri.port_u16().or(if uri.scheme_str() == Some("https") {
            Some(443)
        } else {
            Some(80)
        })
    }

    /// The error of a request that cannot be made to it.
    pub(super) fn refused(&self) -> InvalidUrl {
        InvalidUrl::of(&self.0)
    }

    /// Without the slash at its end, as people write it.
    pub fn shown(&self) -> &str {
        self.0.trim_end_matches('/')
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{}", self.0, path.strip_prefix('/').unwrap_or(path))
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<BaseUrl, InvalidUrl> {
        let uri: ureq::http::Uri = text.trim().parse().map_err(|_| InvalidUrl::of(text))?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let plain = uri.query().is_none() && uri.host().is_some_and(|host| !host.is_empty());
        if !scheme || !plain {
            return Err(InvalidUrl::of(text));
        }
        let ended = if text.trim().ends_with('/') { "" } else { "/" };
        Ok(BaseUrl(format!("{}{ended}", text.trim())))
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "BaseUrl({})", InvalidUrl::of(&self.0).0)
    }
}

impl InvalidUrl {
    /// Passwords in URLs stand in no message.
    fn of(text: &str) -> InvalidUrl {
        let shown = match text.split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://****@{host}"),
                None => text.to_owned(),
            },
            None => text.to_owned(),
        };
        InvalidUrl(shown)
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
