//! `install.log`: the commands of the latest attempt and their output, streamed while it runs.
//!
//! Always at the version directory, also when that holds an older, working runtime.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::settings::UserSettings;
use crate::layout::{Layout, MARKER};
use crate::{Environment, Error};
use ktx_system::process::Lines;
use ktx_system::{Redaction, files};

/// How much of the log an error message repeats.
const TAIL_LINES: usize = 20;

/// The log of one attempt. Writing to it never fails the attempt: what could not be written is still in the tail.
pub struct InstallLog {
    file: fs_err::File,
    path: PathBuf,
    tail: VecDeque<String>,
    partial: Lines,
    redaction: Redaction,
}

impl InstallLog {
    /// Begins the log of a new attempt in the version directory, which is made when it is not there.
    pub fn begin(layout: &Layout, environment: &Environment) -> Result<InstallLog, Error> {
        if !layout.version_dir.is_dir() {
            fs_err::create_dir_all(&layout.version_dir)?;
            fs_err::write(layout.version_dir.join(MARKER), "")?;
        }
        let path = layout.install_log_path.clone();
        // A new file and not a truncated one: an open or linked old one is not changed.
        match fs_err::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut options = fs_err::OpenOptions::new();
        let file = files::private_file(options.write(true).create_new(true)).open(&path)?;
        Ok(InstallLog {
            file,
            path,
            tail: VecDeque::new(),
            partial: Lines::default(),
            redaction: UserSettings::of(environment).redaction(environment),
        })
    }

    /// The line before a command's output.
    pub fn command(&mut self, program: &OsStr, arguments: &[impl AsRef<OsStr>]) {
        let mut line = format!("$ {}", program.to_string_lossy());
        for argument in arguments {
            line.push(' ');
            line.push_str(&argument.as_ref().to_string_lossy());
        }
        self.tail.clear();
        self.line(&line);
    }

    /// A piece of a command's output; passes on every line that it completes.
    pub fn output(&mut self, piece: &[u8], mut each_line: impl FnMut(&str)) {
        let mut lines = std::mem::take(&mut self.partial);
        lines.push(piece, |line| {
            if !line.is_empty() {
                self.line(line);
                each_line(line);
            }
        });
        self.partial = lines;
    }

    /// A whole line.
    pub fn line(&mut self, line: &str) {
        let line = self.redaction.apply(&plain_text(line));
        // A full disk must not hide why the attempt failed; the tail has it.
        let _ = writeln!(self.file, "{line}");
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// Turns a reason into the message for users, with the end of the log and its path.
    pub fn failed(&mut self, reason: String) -> Error {
        if let Some(line) = self.partial.take() {
            self.line(&line);
        }
        let reason = self.redaction.apply(&reason);
        let tail = self.tail.iter().map(|line| format!("\n{line}")).collect();
        let _ = writeln!(self.file, "failed: {reason}");
        Error::InstallFailed {
            reason,
            tail,
            log: self.path.clone(),
        }
    }

    /// Adds path and tail to an error of a step that knows neither; leaves the others as they are.
    pub fn explain(&mut self, error: Error) -> Error {
        match error {
            Error::Io(_) | Error::Path(_) => self.failed(error.to_string()),
            Error::Interrupted(interrupted) => {
                self.line(&interrupted.to_string());
                error
            }
            _ => error,
        }
    }

    /// Ends the log and puts it into the directory that takes the version directory's place.
    pub fn finish(self, staged: &Path) -> Result<(), Error> {
        let target = staged.join("install.log");
        drop(self.file);
        fs_err::copy(&self.path, &target)?;
        Ok(())
    }
}

/// The text without escape sequences of terminals (ECMA-48) and other control characters.
pub(super) fn plain_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' if letters.next_if_eq(&'[').is_some() => {
                // Parameters and intermediates, then one final letter.
                while letters.next_if(|next| (' '..='?').contains(next)).is_some() {}
                letters.next_if(|next| ('@'..='~').contains(next));
            }
            '\u{1b}' if letters.next_if_eq(&']').is_some() => {
                // A title or link: up to BEL or ESC \.
                while letters
                    .next_if(|next| !matches!(next, '\u{7}' | '\u{1b}'))
                    .is_some()
                {}
                if letters.next() == Some('\u{1b}') {
                    letters.next_if_eq(&'\\');
                }
            }
            '\u{1b}' => {
                letters.next();
            }
            '\n' | '\t' => plain.push(letter),
            _ if letter.is_control() => {}
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn escape_sequences_do_not_pass() {
        for (said, shown) in [
            ("\u{1b}[1m\u{1b}[31merror\u{1b}[39m\u{1b}[0m: no", "error: no"),
            ("\u{1b}[38;5;196mred", "red"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}", "link"),
            ("\u{1b}(Bplain", "Bplain"),
            ("50%\u{8}\u{8}\u{0}", "50%"),
            ("a\tb\u{1b}[", "a\tb"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(plain_text(said), shown, "{said:?}");
        }
    }
}
