//! Removes secrets from what is shown or written, and replaces this run's folders by stable words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// Names of variables whose values are secrets.
static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)token|secret|passw|_auth|api_?key|credential"));

/// What looks like a credential: user and password in a URL, bearer tokens, npm's tokens and
/// `_auth` lines, passwords of connection strings.
static CREDENTIALS: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
    [
        (pattern(r"(\w+://)[^/\s:@]+:[^/\s@]+@"), "${1}[SECRET]@"),
        (pattern(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"), "${1}[SECRET]"),
        (pattern(r"\bnpm_[A-Za-z0-9]{30,}\b"), "[SECRET]"),
        (pattern(r"(?i)(_auth(?:token)?\s*=\s*)\S+"), "${1}[SECRET]"),
        (pattern(r"(?i)(password\s*[=:]\s*)[^\s,;}]+"), "${1}[SECRET]"),
    ]
});

/// Secrets shorter than this are too common as words.
const SHORTEST_SECRET: usize = 6;

#[derive(Clone, Debug, Default)]
pub struct Redaction {
    secrets: Vec<String>,
    places: Vec<(String, &'static str)>,
}

impl Redaction {
    /// Learns the secrets of an environment by the names of its variables.
    pub fn of_environment(environment: &BTreeMap<String, String>) -> Redaction {
        let secrets = environment
            .iter()
            .filter(|(name, value)| SECRET_NAME.is_match(name) && value.len() >= SHORTEST_SECRET)
            .map(|(_, value)| value.clone());
        Redaction {
            secrets: secrets.collect(),
            places: Vec::new(),
        }
    }

    /// Replaces `path` by `word`. Add the longest path first.
    #[must_use]
    pub fn place(mut self, path: impl Into<String>, word: &'static str) -> Self {
        self.places.push((path.into(), word));
        self
    }

    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "[SECRET]");
        }
        for (pattern, word) in CREDENTIALS.iter() {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        for (path, word) in &self.places {
            text = text.replace(path, word);
        }
        text
    }
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants; the tests compile each of them"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_pass() {
        let environment = [
            ("NPM_TOKEN", "canary-1234"),
            ("HOME", "/home/user"),
            ("MY_SECRET", "abc"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let redaction = Redaction::of_environment(&environment.into()).place("/tmp/run-1", "[SANDBOX]");
        for (said, shown) in [
            ("token canary-1234!", "token [SECRET]!"),
            ("postgres://ada:lovelace@host/db", "postgres://[SECRET]@host/db"),
            (
                "Authorization: Bearer abcdefgh.ijk",
                "Authorization: Bearer [SECRET]",
            ),
            ("//host/:_authToken=xyz", "//host/:_authToken=[SECRET]"),
            ("password=hunter2 user=ada", "password=[SECRET] user=ada"),
            ("npm_0123456789012345678901234567890123456789", "[SECRET]"),
            ("/tmp/run-1/work at /home/user", "[SANDBOX]/work at /home/user"),
            (
                "abc is a word, https://host/a:b@c too",
                "abc is a word, https://host/a:b@c too",
            ),
        ] {
            assert_eq!(redaction.apply(said), shown);
        }
    }
}
