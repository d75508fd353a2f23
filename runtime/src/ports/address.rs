//! Where requests of each kind go: what the user named first, then the environment, then what we manage.

use crate::Environment;

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A URL that somebody named; the managed runtime is not touched.
    Url(String),
    /// The managed daemon, installed and started on first use.
    Managed,
    /// A separate process for each request, or a healthy daemon that runs already.
    OneShot,
}

/// Where a daemon that was started by hand listens.
const BY_HAND: &str = "http://127.0.0.1:8765";

impl Address {
    /// SQL analysis: option, `KTX_SQL_ANALYSIS_URL`, `KTX_DAEMON_URL`, managed, by hand.
    pub fn of_sql_analysis(option: Option<&str>, environment: &Environment, managed: bool) -> Address {
        let named = option
            .or_else(|| environment.text("KTX_SQL_ANALYSIS_URL"))
            .or_else(|| environment.text("KTX_DAEMON_URL"));
        Address::named_or(named, managed, Address::Url(BY_HAND.to_owned()))
    }

    /// Table identifiers and LookML: option, `KTX_DAEMON_URL`, managed, by hand.
    pub fn of_looker(option: Option<&str>, environment: &Environment, managed: bool) -> Address {
        let named = option.or_else(|| environment.text("KTX_DAEMON_URL"));
        Address::named_or(named, managed, Address::Url(BY_HAND.to_owned()))
    }

    /// Database introspection and queries: `--database-introspection-url`, managed, one-shot.
    pub fn of_database(flag: Option<&str>, managed: bool) -> Address {
        Address::named_or(flag, managed, Address::OneShot)
    }

    /// The semantic layer: `--semantic-compute-url`, else one-shot.
    pub fn of_semantic_layer(flag: Option<&str>) -> Address {
        Address::named_or(flag, false, Address::OneShot)
    }

    fn named_or(named: Option<&str>, managed: bool, otherwise: Address) -> Address {
        match named.filter(|url| !url.is_empty()) {
            Some(url) => Address::Url(url.to_owned()),
            None if managed => Address::Managed,
            None => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Address {
        Address::Url(text.to_owned())
    }

    #[test]
    fn the_first_that_applies_is_used() {
        let none = Environment::of_variables(Vec::<(&str, &str)>::new());
        let daemon = Environment::of_variables([("KTX_DAEMON_URL", "http://d")]);
        let both = Environment::of_variables([
            ("KTX_DAEMON_URL", "http://d"),
            ("KTX_SQL_ANALYSIS_URL", "http://s"),
        ]);
        let empty = Environment::of_variables([("KTX_DAEMON_URL", ""), ("KTX_SQL_ANALYSIS_URL", "")]);
        for (option, environment, managed, expected) in [
            (Some("http://o"), &both, true, url("http://o")),
            (None, &both, true, url("http://s")),
            (None, &daemon, true, url("http://d")),
            (None, &empty, true, Address::Managed),
            (None, &none, true, Address::Managed),
            (None, &none, false, url(BY_HAND)),
        ] {
            assert_eq!(Address::of_sql_analysis(option, environment, managed), expected);
        }
        for (option, environment, managed, expected) in [
            (Some("http://o"), &both, true, url("http://o")),
            (None, &both, true, url("http://d")),
            (None, &empty, true, Address::Managed),
            (None, &none, false, url(BY_HAND)),
        ] {
            assert_eq!(Address::of_looker(option, environment, managed), expected);
        }
        assert_eq!(Address::of_database(Some("http://f"), true), url("http://f"));
        assert_eq!(Address::of_database(Some(""), true), Address::Managed);
        assert_eq!(Address::of_database(None, false), Address::OneShot);
        assert_eq!(Address::of_semantic_layer(Some("http://c")), url("http://c"));
        assert_eq!(Address::of_semantic_layer(None), Address::OneShot);
    }
}
