//! The lock files of `python/locks`, as they are checked in and shipped: pins in pip's requirements-file format below a
//! header that binds them.
//!
//! ```text
//! # pyproject-sha256: digest over what the resolver was given
//! # content-sha256: digest of every byte below this line
//! # uploaded-before: 2026-11-20T00:00:00Z
//! annotated-types==0.8.0 \
//!     --hash=sha256:…
//! ```
//!
//! What the pins mean is not known here.

use std::fmt;

use jiff::Timestamp;

use crate::digest::{InvalidDigest, Sha256Digest};

const INPUTS: &str = "# pyproject-sha256: ";
const CONTENT: &str = "# content-sha256: ";
const BEFORE: &str = "# uploaded-before: ";

/// A lock file whose content is the one that was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockFile<'a> {
    /// Digest over what the resolver was given.
    pub inputs: Sha256Digest,
    /// The resolver saw only files that had been uploaded before.
    pub uploaded_before: Timestamp,
    /// The lines below the header.
    pub pins: &'a str,
}

/// Why a text is not a lock file that holds what was locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockFileError {
    /// A line of the header is missing.
    #[error("line {number} is not `{expected}…`")]
    Header {
        /// Counted from 1.
        number: usize,
        /// What it begins with.
        expected: &'static str,
    },
    /// A digest of the header is not one.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
    /// The time is not one.
    #[error("its `uploaded-before` is not a time: {0}")]
    Time(String),
    /// Something was changed by hand, or in transit.
    #[error("its lines are not those that were locked")]
    Content,
}

impl<'a> LockFile<'a> {
    /// Reads the header, and compares the content with it.
    pub fn read(text: &'a str) -> Result<Self, LockFileError> {
        let (inputs, rest) = header_line(text, 1, INPUTS)?;
        let (content, bound) = header_line(rest, 2, CONTENT)?;
        let (inputs, content) = (inputs.parse()?, content.parse::<Sha256Digest>()?);
        if Sha256Digest::of(bound) != content {
            return Err(LockFileError::Content);
        }
        let (before, pins) = header_line(bound, 3, BEFORE)?;
        let uploaded_before = before
            .parse()
            .map_err(|error: jiff::Error| LockFileError::Time(error.to_string()))?;
        Ok(Self {
            inputs,
            uploaded_before,
            pins,
        })
    }
}

impl fmt::Display for LockFile<'_> {
    /// The text of the file.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = format!("{BEFORE}{}\n{}", self.uploaded_before, self.pins);
        let content = Sha256Digest::of(&bound);
        write!(formatter, "{INPUTS}{}\n{CONTENT}{content}\n{bound}", self.inputs)
    }
}

fn header_line<'a>(
    text: &'a str,
    number: usize,
    expected: &'static str,
) -> Result<(&'a str, &'a str), LockFileError> {
    text.split_once('\n')
        .and_then(|(line, rest)| Some((line.strip_prefix(expected)?, rest)))
        .ok_or(LockFileError::Header { number, expected })
}
