//! File names of the wheels we build and bundle: pure Python, one spelling. Knows nothing of a wheel's content.
//!
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>

pub use ktx_names::WHEEL_TAG;
use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;
use serde::{Deserialize, Serialize};

/// `<normalised name>-<normalised version>-py3-none-any.whl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WheelFilename {
    distribution: String,
    version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the name of a wheel: {reason}", name.escape_debug())]
pub struct InvalidWheelFilename {
    /// The text as it was given, cut to 200 characters.
    pub name: String,
    pub reason: InvalidWheelReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWheelReason {
    #[error("it does not end in -py3-none-any.whl")]
    Tag,
    #[error("it has not exactly a distribution and a version before the tag")]
    Parts,
    #[error("its distribution is not normalised (lower-case letters and digits in words joined by `_`)")]
    Distribution,
    #[error("its version is not in PEP 440's normalised form")]
    Version,
}

impl WheelFilename {
    /// The file name for a distribution, whose name must be normalised with `_`, and a version.
    pub fn new(distribution: &str, version: Version) -> Result<Self, InvalidWheelFilename> {
        if !is_normalised(distribution) {
            return Err(invalid(distribution, InvalidWheelReason::Distribution));
        }
        Ok(Self {
            distribution: distribution.to_owned(),
            version,
        })
    }

    pub fn distribution(&self) -> &str {
        &self.distribution
    }

    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The wheel's metadata directory, `<distribution>-<version>.dist-info`.
    pub fn dist_info(&self) -> String {
        format!("{}-{}.dist-info", self.distribution, self.version)
    }
}

/// PEP 503's form, with `_` as wheels have it: words of lower-case letters and digits.
fn is_normalised(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.split('_').all(word)
}

fn invalid(name: &str, reason: InvalidWheelReason) -> InvalidWheelFilename {
    InvalidWheelFilename {
        name: name.chars().take(200).collect(),
        reason,
    }
}

impl FromStr for WheelFilename {
    type Err = InvalidWheelFilename;

    fn from_str(text: &str) -> Result<Self, InvalidWheelFilename> {
        use InvalidWheelReason as Reason;
        let stem = text
            .strip_suffix(".whl")
            .and_then(|stem| stem.strip_suffix(WHEEL_TAG))
            .and_then(|stem| stem.strip_suffix('-'))
            .ok_or_else(|| invalid(text, Reason::Tag))?;
        let (distribution, version) = stem.split_once('-').ok_or_else(|| invalid(text, Reason::Parts))?;
        if version.contains('-') {
            return Err(invalid(text, Reason::Parts));
        }
        if !is_normalised(distribution) {
            return Err(invalid(text, Reason::Distribution));
        }
        match version.parse::<Version>() {
            Ok(parsed) if parsed.to_string() == version => Ok(Self {
                distribution: distribution.to_owned(),
                version: parsed,
            }),
            _ => Err(invalid(text, Reason::Version)),
        }
    }
}

impl TryFrom<String> for WheelFilename {
    type Error = InvalidWheelFilename;

    fn try_from(text: String) -> Result<Self, InvalidWheelFilename> {
        text.parse()
    }
}

impl From<WheelFilename> for String {
    fn from(name: WheelFilename) -> Self {
        name.to_string()
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}-{WHEEL_TAG}.whl", self.distribution, self.version)
    }
}
