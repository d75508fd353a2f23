//! A writer that writes nothing: what `--list` shows.

use serde::Serialize;

use super::{Entry, Writer};
use crate::error::Error;

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub path: String,
    /// Length in bytes, uncompressed.
    pub bytes: u64,
    /// Octal, four digits.
    pub mode: String,
    /// `generated`, or the file that it comes from.
    pub origin: String,
}

#[derive(Debug, Default)]
pub struct Listing {
    listed: Vec<Listed>,
}

impl Listing {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn finish(self) -> Vec<Listed> {
        self.listed
    }
}

impl Writer for Listing {
    fn write(&mut self, entry: &Entry) -> Result<(), Error> {
        self.listed.push(Listed {
            path: entry.path.to_string(),
            bytes: entry.bytes.len() as u64,
            mode: format!("{:04o}", entry.mode.bits()),
            origin: entry.origin(),
        });
        Ok(())
    }
}
