//! Paths inside archives: the one form that every operating system and every unpacker reads alike. Knows no file
//! system and resolves nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A relative path of one or more names joined by `/` that is the same file on Linux, macOS and Windows.
///
/// Refused are: nothing at all, absolute paths, empty names, `.` and `..`, backslashes, control and bidirectional
/// characters, characters that Windows forbids (which covers drive letters), names that end in a dot or a blank, device
/// names of Windows, text that is not in Unicode's composed form (NFC), names over 255 and paths over 1,024 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArchivePath(String);

/// Why a text is not an [`ArchivePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsafe path `{}`: {reason}", path.escape_debug())]
pub struct UnsafePath {
    /// The text as it was given, cut to 200 characters.
    pub path: String,
    pub reason: PathFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    #[error("it is empty")]
    Empty,
    #[error("it is absolute")]
    Absolute,
    #[error("it has an empty name")]
    EmptyName,
    #[error("it has a `.` or `..`")]
    Dots,
    #[error("it has a backslash")]
    Backslash,
    #[error("it has a control or direction character")]
    Control,
    #[error("it has a character that Windows forbids")]
    ForbiddenCharacter,
    #[error("a name ends in a dot or a blank")]
    TrailingDotOrBlank,
    #[error("a name is a device on Windows")]
    DeviceName,
    #[error("it is not in Unicode's composed form (NFC)")]
    NotComposed,
    #[error("it is too long")]
    TooLong,
    #[error("it is not UTF-8")]
    NotUnicode,
}

const MAX_PATH_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 255;

impl ArchivePath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names between the slashes.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether the path is one name without a folder.
    pub fn is_bare(&self) -> bool {
        !self.0.contains('/')
    }

    /// The path under a directory of this machine.
    pub fn under(&self, directory: &Path) -> PathBuf {
        let mut path = directory.to_owned();
        path.extend(self.names());
        path
    }

    /// Two paths with the same key are one file on some file system: those that ignore case or Unicode form.
    ///
    /// Upper-casing first folds `ß` with `ss` and the final sigma with the others, as Unicode's full case folding does.
    pub fn collision_key(&self) -> String {
        collision_key(&self.0)
    }
}

pub(crate) fn collision_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd()
        .collect::<String>()
        .to_uppercase()
        .to_lowercase()
        .nfc()
        .collect()
}

impl FromStr for ArchivePath {
    type Err = UnsafePath;

    fn from_str(text: &str) -> Result<Self, UnsafePath> {
        match refusal(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(UnsafePath {
                path: text.chars().take(200).collect(),
                reason,
            }),
        }
    }
}

fn refusal(text: &str) -> Option<PathFault> {
    use PathFault as Fault;
    let checks = [
        (text.is_empty(), Fault::Empty),
        (text.len() > MAX_PATH_BYTES, Fault::TooLong),
        (text.starts_with('/'), Fault::Absolute),
        (text.contains('\\'), Fault::Backslash),
        (text.chars().any(is_control), Fault::Control),
        (
            text.contains(['<', '>', ':', '"', '|', '?', '*']),
            Fault::ForbiddenCharacter,
        ),
        (!is_nfc(text), Fault::NotComposed),
    ];
    let whole = checks
        .into_iter()
        .find_map(|(refused, fault)| refused.then_some(fault));
    whole.or_else(|| text.split('/').find_map(name_refusal))
}

fn name_refusal(name: &str) -> Option<PathFault> {
    use PathFault as Fault;
    let checks = [
        (name.is_empty(), Fault::EmptyName),
        (name == "." || name == "..", Fault::Dots),
        (name.len() > MAX_NAME_BYTES, Fault::TooLong),
        (name.ends_with(['.', ' ']), Fault::TrailingDotOrBlank),
        (is_device(name), Fault::DeviceName),
    ];
    checks
        .into_iter()
        .find_map(|(refused, fault)| refused.then_some(fault))
}

/// Control characters, and the marks that make a terminal show a name in another order than it has.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Names that Windows opens as a device, with any extension.
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or(name)
        .trim_end_matches(' ')
        .to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
        })
    };
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || numbered("COM")
        || numbered("LPT")
}

impl TryFrom<String> for ArchivePath {
    type Error = UnsafePath;

    fn try_from(text: String) -> Result<Self, UnsafePath> {
        text.parse()
    }
}

impl TryFrom<&[u8]> for ArchivePath {
    type Error = UnsafePath;

    fn try_from(bytes: &[u8]) -> Result<Self, UnsafePath> {
        let text = std::str::from_utf8(bytes).map_err(|_| UnsafePath {
            path: String::from_utf8_lossy(bytes).chars().take(200).collect(),
            reason: PathFault::NotUnicode,
        })?;
        text.parse()
    }
}

impl From<ArchivePath> for String {
    fn from(path: ArchivePath) -> Self {
        path.0
    }
}

impl AsRef<str> for ArchivePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArchivePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}
