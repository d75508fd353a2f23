//! Words quoted so that a command line can be pasted into a shell.

use std::ffi::OsStr;
use std::process::Command;

/// The word unchanged when no shell gives any of it a meaning, else in quotes: single ones, which a POSIX shell reads
/// literally, or double ones on Windows.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=@%+,".contains(letter);
    let plain_on_windows = |letter: char| cfg!(windows) && matches!(letter, '\\' | '~');
    if !word.is_empty()
        && word
            .chars()
            .all(|letter| plain(letter) || plain_on_windows(letter))
    {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A program and its arguments as one command line.
pub fn command_line<'a>(program: &OsStr, arguments: impl IntoIterator<Item = &'a OsStr>) -> String {
    let mut line = quoted(&program.to_string_lossy());
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(&argument.to_string_lossy()));
    }
    line
}

/// The command line of a command; its environment and folder are not part of it.
pub fn line_of(command: &Command) -> String {
    command_line(command.get_program(), command.get_args())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for word in [
            "/a/b-c",
            "/my project",
            "it's",
            "",
            "a;b",
            "~",
            "$HOME",
            "`id`",
            "a\nb",
            "*",
            "\\",
            "é",
            "\"",
            "!",
            "a=b",
            "#",
        ] {
            let script = format!("printf %s {}", quoted(word));
            let shell = Command::new("sh")
                .arg("-c")
                .arg(&script)
                .output()
                .expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&shell.stdout), word, "{script}");
        }
        assert_eq!(quoted("/a/b-c"), "/a/b-c");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_command_is_one_line() {
        let mut command = Command::new("uv");
        command.args(["pip", "install", "a b"]);
        assert_eq!(line_of(&command), "uv pip install 'a b'");
    }
}
