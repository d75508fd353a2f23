//! Text that can be pasted into a shell.

use ktx_runtime::Environment;

/// How this program was called, so that a command it proposes can be called alike: `npx` puts `ktx` on nobody's `PATH`.
pub fn program(environment: &Environment) -> &'static str {
    let under_npm = environment
        .text("npm_config_user_agent")
        .is_some_and(|agent| agent.starts_with("npm/"));
    if under_npm && environment.text("npm_command") == Some("exec") {
        "npx @kaelio/ktx"
    } else {
        "ktx"
    }
}

/// The word as it is when no shell reads anything into it, else in single quotes.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        for (word, pasted) in [
            ("/a/b-c", "/a/b-c"),
            ("/my project", "'/my project'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(quoted(word), pasted);
        }
    }
}
