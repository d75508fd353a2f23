//! Credentials are taken out of what uv says before it is written or shown.

use crate::Environment;

/// What an environment has that must not be repeated: the user information of URLs is always taken out, and these
/// values.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    values: Vec<String>,
}

impl Redaction {
    /// The passwords and tokens of an environment.
    pub fn of(environment: &Environment) -> Redaction {
        let mut values = Vec::new();
        for (name, value) in environment.variables() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                continue;
            };
            let secret = ["PASSWORD", "TOKEN", "SECRET"]
                .iter()
                .any(|word| name.to_uppercase().contains(word));
            if secret && value.len() >= 4 {
                values.push(value.to_owned());
            }
            values.extend(user_information(value).into_iter().flat_map(secrets_of));
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Redaction { values }
    }

    /// The text without them.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(found) = user_information(&text).into_iter().find(|found| *found != "****") {
            text = text.replace(&format!("://{found}@"), "://****@");
        }
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), "****");
            }
        }
        text
    }
}

/// What stands between `://` and the last `@` before the host's end, for every URL in the text.
fn user_information(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (start, mark) in text.match_indices("://") {
        let rest = &text[start + mark.len()..];
        let end = rest.find(|letter: char| letter.is_whitespace() || "/?#\"'`<>".contains(letter));
        let authority = &rest[..end.unwrap_or(rest.len())];
        if let Some((user, _)) = authority.rsplit_once('@') {
            found.push(user);
        }
    }
    found
}

/// The password of `user:password`, or the whole when there is only one word: tokens are written so.
fn secrets_of(user_information: &str) -> Option<String> {
    let secret = user_information
        .split_once(':')
        .map_or(user_information, |(_, password)| password);
    (secret.len() >= 4).then(|| secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let environment = Environment::of_variables([
            ("UV_INDEX_COMPANY_PASSWORD", "hunter22"),
            ("UV_DEFAULT_INDEX", "https://ada:s3cr3t@index.example/simple"),
            ("HTTPS_PROXY", "http://t0ken@proxy.example:3128"),
            ("PATH", "/usr/bin"),
        ]);
        assert_eq!(Redaction::of(&environment).apply(text), expected);
    }

    #[test]
    fn takes_credentials_out_and_leaves_the_rest() {
        check(
            "GET https://ada:s3cr3t@index.example/simple/x",
            "GET https://****@index.example/simple/x",
        );
        check(
            "http://a:b@h and http://c:d@h/p@q",
            "http://****@h and http://****@h/p@q",
        );
        check("password `hunter22` was refused", "password `****` was refused");
        check("user ada, password s3cr3t", "user ada, password ****");
        check("Authorization: t0ken", "Authorization: ****");
        check("https://index.example/@scope/x", "https://index.example/@scope/x");
        check("kaelio-ktx @ file:///a/b.whl", "kaelio-ktx @ file:///a/b.whl");
    }
}
