//! Takes secrets out of texts before they are shown or written.

use std::ffi::OsStr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What is shown in the place of a secret.
pub const REDACTED: &str = "****";

/// A shorter value would hide ordinary words.
const SHORTEST: usize = 4;

/// Names of variables whose values are secrets. `AUTH`, `OTP` and `PASS` only as whole words: authors, options and passes
/// are not secret.
static SECRET_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?xi) token | secret | passw | passphrase | credential | authkey
            | (api|private|access|signing|encryption)_?key
            | (^|_)(auth|otp|pass|pat|pwd)(_|$)",
    )
});

/// Names that mention a secret and hold a place or a program instead.
static PLACE_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?i)_(file|path|dir|sock|provider|helper|command|type|method)$"));

/// What looks like a credential wherever it is: bearer tokens, npm's tokens and settings, passwords of connection
/// strings. The first group stays.
static CREDENTIALS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)(\bbearer[ =]+)[\w.~+/=-]{8,}",
        r"(?i)(_auth(?:token)?\s*=\s*)\S+",
        r"(?i)(_?passw(?:ord|d)\s*[=:]\s*)[^\s,;}&]+",
        r"\b()npm_[A-Za-z0-9]{20,}",
        r"\b()github_pat_[A-Za-z0-9_]{20,}",
        r"\b()gh[pousr]_[A-Za-z0-9]{20,}",
    ]
    .into_iter()
    .filter_map(pattern)
    .collect()
});

/// `scheme://` and what follows it up to a blank or a quote.
static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s"'`<>]*)"#));

/// The values that must not be shown. User names and passwords in URLs, and what has the form of a token, are never
/// shown.
#[derive(Clone, Debug, Default)]
pub struct Redaction(Vec<String>);

impl Redaction {
    /// The values of the variables whose names say that they are secret, and the passwords in URLs among the others.
    pub fn of<'a, N, V>(variables: impl IntoIterator<Item = (&'a N, &'a V)>) -> Redaction
    where
        N: AsRef<OsStr> + ?Sized + 'a,
        V: AsRef<OsStr> + ?Sized + 'a,
    {
        let mut values = Vec::new();
        for (name, value) in variables {
            let (Some(name), Some(value)) = (name.as_ref().to_str(), value.as_ref().to_str()) else {
                continue;
            };
            if matches(&SECRET_NAME, name) && !matches(&PLACE_NAME, name) {
                values.push(value.to_owned());
            }
            values.extend(passwords(value));
        }
        values.retain(|value| value.len() >= SHORTEST);
        values.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        values.dedup();
        Redaction(values)
    }

    /// The text without secrets.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.0 {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), REDACTED);
            }
        }
        if let Some(url) = &*URL {
            let hidden = url.replace_all(&text, |found: &Captures<'_>| {
                let rest = &found[2];
                match user_information(rest) {
                    Some(user) => format!("{}{REDACTED}{}", &found[1], &rest[user.len()..]),
                    None => found[0].to_owned(),
                }
            });
            text = hidden.into_owned();
        }
        for credential in CREDENTIALS.iter() {
            text = credential
                .replace_all(&text, format!("${{1}}{REDACTED}"))
                .into_owned();
        }
        text
    }
}

/// What is between `://` and the `@` before the host. An unescaped password may contain any character, also `@` and
/// `/`; the path of a URL may hold `@` as well: that of a URL with a port, or without anything that looks like a password,
/// is left alone.
fn user_information(rest: &str) -> Option<&str> {
    let (user, _) = rest.rsplit_once('@')?;
    let authority = user.split(['/', '?', '#']).next().unwrap_or(user);
    if authority.len() == user.len() {
        return Some(user);
    }
    if let Some((inside, _)) = rest.split(['/', '?', '#']).next()?.rsplit_once('@') {
        return Some(inside);
    }
    let (_, password) = authority.split_once(':')?;
    let is_port = !password.is_empty() && password.bytes().all(|byte| byte.is_ascii_digit());
    (!is_port).then_some(user)
}

/// The passwords of the URLs in a value; a token that is the only word in its place counts as one.
fn passwords(value: &str) -> Vec<String> {
    let Some(url) = &*URL else {
        return Vec::new();
    };
    url.captures_iter(value)
        .filter_map(|found| user_information(found.get(2)?.as_str()).map(str::to_owned))
        .map(|user| match user.split_once(':') {
            Some((_, password)) => password.to_owned(),
            None => user,
        })
        .collect()
}

fn matches(pattern: &LazyLock<Option<Regex>>, name: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(name))
}

/// The tests know that each of the constants compiles.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(variables: &[(&str, &str)]) -> Redaction {
        Redaction::of(variables.iter().map(|(name, value)| (*name, *value)))
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(SECRET_NAME.is_some() && PLACE_NAME.is_some() && URL.is_some());
        assert_eq!(CREDENTIALS.len(), 6);
    }

    #[test]
    fn values_of_secret_variables_are_hidden_and_others_are_not() {
        for name in [
            "NPM_TOKEN",
            "UV_INDEX_COMPANY_PASSWORD",
            "NPM_CONFIG_OTP",
            "npm_config__auth",
            "NPM_CONFIG_//registry/:_authToken",
            "OPENAI_API_KEY",
            "APIKEY",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "DB_PASSWD",
            "GH_PAT",
            "SIGNING_KEY",
            "KEY_PASSPHRASE",
            "BASIC_AUTH",
            "GOOGLE_CREDENTIALS",
        ] {
            assert_eq!(
                redaction(&[(name, "canary-1")]).apply("a canary-1 sings"),
                "a **** sings",
                "{name}"
            );
        }
        for name in [
            "HOME",
            "GIT_AUTHOR_NAME",
            "OPTIONS",
            "BYPASS_CACHE",
            "SSH_AUTH_SOCK",
            "KTX_DAEMON_TOKEN_FILE",
            "UV_KEYRING_PROVIDER",
            "PATH",
            "KEYBOARD",
        ] {
            assert_eq!(
                redaction(&[(name, "canary-1")]).apply("a canary-1 sings"),
                "a canary-1 sings",
                "{name}"
            );
        }
        assert_eq!(redaction(&[("X_TOKEN", "abc")]).apply("abc"), "abc");
        let both = redaction(&[("A_TOKEN", "canary"), ("B_TOKEN", "canary-longer")]);
        assert_eq!(both.apply("canary-longer, canary"), "****, ****");
    }

    #[test]
    fn passwords_of_urls_are_hidden_wherever_they_are() {
        let known = redaction(&[("INDEX_URL", "https://ada:s3cr3t@host/simple")]);
        assert_eq!(
            known.apply("user ada, password s3cr3t"),
            "user ada, password ****"
        );
        for (text, shown) in [
            ("https://ada:pw@host/simple", "https://****@host/simple"),
            ("(https://token@host:8080/x)", "(https://****@host:8080/x)"),
            ("postgres://u:p@ss@host/db", "postgres://****@host/db"),
            ("postgres://u:p/w?x#y@host/db", "postgres://****@host/db"),
            ("postgres://u:@host", "postgres://****@host"),
            (
                "a https://u:p@h/ b https://v:q@i/",
                "a https://****@h/ b https://****@i/",
            ),
            ("https://host/@kaelio/ktx", "https://host/@kaelio/ktx"),
            ("https://host:8080/@kaelio/ktx", "https://host:8080/@kaelio/ktx"),
            ("https://u:p@host/@kaelio/ktx", "https://****@host/@kaelio/ktx"),
            ("mail ada@example.com", "mail ada@example.com"),
            ("https://host/a:b", "https://host/a:b"),
        ] {
            assert_eq!(Redaction::default().apply(text), shown);
        }
    }

    #[test]
    fn what_has_the_form_of_a_credential_is_hidden() {
        for (text, shown) in [
            ("//r/:_authToken=abc\nnext", "//r/:_authToken=****\nnext"),
            ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer ****"),
            ("npm_abcdefghijklmnopqrstuvwxyz0123456789.", "****."),
            ("npm_config_registry", "npm_config_registry"),
            ("password=hunter2 user=ada", "password=**** user=ada"),
            ("no password here", "no password here"),
        ] {
            assert_eq!(Redaction::default().apply(text), shown);
        }
    }
}
