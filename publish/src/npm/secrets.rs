//! Keeps secrets out of what is shown: npm's words pass through here before anybody sees them.

use crate::desk::Environment;

/// A shorter value would blot out ordinary words.
const SHORTEST: usize = 6;

/// The values that must not be shown.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The values of all variables whose name says that they are secret, longest first.
    pub fn of(environment: &Environment) -> Self {
        let is_secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            [
                "TOKEN",
                "SECRET",
                "PASSWORD",
                "PASSWD",
                "AUTH",
                "CREDENTIAL",
                "API_KEY",
                "PRIVATE_KEY",
                "OTP",
            ]
            .iter()
            .any(|word| name.contains(word))
        };
        let mut values: Vec<String> = environment
            .iter()
            .filter(|(name, value)| is_secret(name) && value.len() >= SHORTEST)
            .map(|(_, value)| value.clone())
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// `text` without the secrets, and without anything that has the form of a registry token.
    pub fn hide(&self, text: &str) -> String {
        let hidden = self
            .0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"));
        hidden
            .split_inclusive(char::is_whitespace)
            .map(hide_token)
            .collect()
    }
}

/// Hides `npm_…` tokens, and what stands after `_authToken=`, `_auth=` and `_password=`.
fn hide_token(word: &str) -> String {
    for mark in ["_authToken=", "_auth=", "_password=", "Bearer="] {
        if let Some((before, _)) = word.split_once(mark) {
            let end: String = word
                .chars()
                .rev()
                .take_while(|character| character.is_whitespace())
                .collect();
            return format!("{before}{mark}***{end}");
        }
    }
    // Registry tokens are `npm_` and 36 letters and digits.
    let Some(start) = word.find("npm_") else {
        return word.to_owned();
    };
    let length = word[start + 4..]
        .bytes()
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    if length < 20 {
        word.to_owned()
    } else {
        format!("{}***{}", &word[..start], &word[start + 4 + length..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_values_of_secret_variables_and_tokens_by_their_form() {
        let environment = Environment::from([
            ("NPM_TOKEN".to_owned(), "canary-one".to_owned()),
            ("MY_SECRET".to_owned(), "canary-one-longer".to_owned()),
            ("HOME".to_owned(), "/home/someone".to_owned()),
            ("X_TOKEN".to_owned(), "short".to_owned()),
        ]);
        let secrets = Secrets::of(&environment);
        for (text, shown) in [
            ("got canary-one-longer and canary-one", "got *** and ***"),
            ("in /home/someone", "in /home/someone"),
            ("a short one", "a short one"),
            ("//r/:_authToken=abc\nnext", "//r/:_authToken=***\nnext"),
            ("npm_abcdefghijklmnopqrstuvwxyz0123456789.", "***."),
            ("npm_config_registry", "npm_config_registry"),
        ] {
            assert_eq!(secrets.hide(text), shown);
        }
    }
}
