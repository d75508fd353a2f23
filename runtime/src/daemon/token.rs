//! The secret that a daemon and its clients share, and the file that carries it.

use std::path::Path;

use ktx_system::files::{self, Access};

use crate::Error;

/// 256 random bits. Never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// A new one.
    pub fn generate() -> Result<Token, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| Error::Io(std::io::Error::other(error.to_string())))?;
        Ok(Token(bytes))
    }

    /// The token in a file of 64 lower-case hexadecimal digits and a newline. `None` when there is no such file, it holds
    /// something else, or others can read it.
    pub fn read(path: &Path) -> Option<Token> {
        if !is_private(path) {
            return None;
        }
        let content = crate::installed::read_regular(path, 128).ok()?;
        let text = std::str::from_utf8(&content).ok()?.strip_suffix('\n')?;
        let digest: ktx_manifest::Sha256Digest = text.parse().ok()?;
        Some(Token(*digest.as_bytes()))
    }

    /// Writes the file, readable by its owner alone, in one step.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write(
            path,
            format!("{}\n", self.hex()).as_bytes(),
            Access::Private,
        )?)
    }

    /// As written in the file and in the `Authorization` header.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(****)")
    }
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    fs_err::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    fs_err::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_not_shown() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("daemon.token");
        let token = Token::generate().expect("a token");
        token.write(&path).expect("written");
        assert_eq!(Token::read(&path), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "Token(****)");
        assert_eq!(
            fs_err::read_dir(directory.path()).expect("a directory").count(),
            1
        );
    }

    #[test]
    fn what_is_no_token_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("daemon.token");
        let good = "0".repeat(64);
        assert_eq!(Token::read(&path), None);
        for content in [
            "",
            "\n",
            &good,
            &format!("{}\n", "G".repeat(64)),
            &format!("{good}\n\n"),
            &format!("{good}0\n"),
        ] {
            let _ = fs_err::remove_file(&path);
            files::write(&path, content.as_bytes(), Access::Private).expect("written");
            assert_eq!(Token::read(&path), None, "{content:?}");
        }
        files::write(&path, format!("{good}\n").as_bytes(), Access::Private).expect("written");
        assert!(Token::read(&path).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("daemon.token");
        Token::generate()
            .and_then(|token| token.write(&path))
            .expect("written");
        for mode in [0o640, 0o604, 0o610] {
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(Token::read(&path), None, "{mode:o}");
        }
    }
}
