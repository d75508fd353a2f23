//! A package tarball unpacked into its entries and packed again, otherwise unchanged.

mod assets;
mod bill;
mod stamp;
mod wheel;

use std::collections::BTreeMap;
use std::io::{Error, Read, Result, Write};

use camino::Utf8Path;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use fs_err as fs;
use serde_json::Value;

use bill::is_bill;
pub use stamp::{earlier_version, later_stable_version, next_line};

/// The entries of a tarball by their paths.
pub struct PackageTree {
    entries: BTreeMap<String, Entry>,
    /// Set by a sabotage of the bill of materials, which then does not follow the files.
    is_bill_damaged: bool,
}

struct Entry {
    header: tar::Header,
    bytes: Vec<u8>,
}

impl PackageTree {
    pub fn read(tarball: &Utf8Path) -> Result<PackageTree> {
        let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(tarball)?));
        let mut entries = BTreeMap::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let header = entry.header().clone();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            entries.insert(path, Entry { header, bytes });
        }
        Ok(PackageTree {
            entries,
            is_bill_damaged: false,
        })
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.entries.get(path).map(|entry| entry.bytes.as_slice())
    }

    pub fn bytes(&mut self, path: &str) -> Result<&mut Vec<u8>> {
        match self.entries.get_mut(path) {
            Some(entry) => Ok(&mut entry.bytes),
            None => Err(Error::other(format!("the artifact has no `{path}`"))),
        }
    }

    /// Replaces a part of a text file; a missing part is an error, or the sabotage would do nothing.
    pub fn replace(&mut self, path: &str, part: &str, by: &str) -> Result<()> {
        let bytes = self.bytes(path)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        if !text.contains(part) {
            return Err(Error::other(format!("`{path}` has no {part:?} to replace")));
        }
        *bytes = text.replace(part, by).into_bytes();
        Ok(())
    }

    pub fn append(&mut self, path: &str, text: &str) -> Result<()> {
        self.bytes(path)?.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Replaces bytes by the same number of others, everywhere.
    pub fn replace_bytes(&mut self, path: &str, part: &[u8], by: &[u8]) -> Result<()> {
        let bytes = self.bytes(path)?;
        let places: Vec<_> = bytes
            .windows(part.len())
            .enumerate()
            .filter(|(_, window)| *window == part)
            .map(|(at, _)| at)
            .collect();
        if places.is_empty() {
            return Err(Error::other(format!("`{path}` has no such bytes")));
        }
        for at in places {
            bytes[at..at + by.len()].copy_from_slice(by);
        }
        Ok(())
    }

    pub fn json(&mut self, path: &str, edit: impl FnOnce(&mut Value)) -> Result<()> {
        let bytes = self.bytes(path)?;
        let mut value = serde_json::from_slice(bytes)?;
        edit(&mut value);
        *bytes = serde_json::to_vec_pretty(&value)?;
        bytes.push(b'\n');
        Ok(())
    }

    pub fn remove(&mut self, path: &str) -> Result<()> {
        self.entries
            .remove(path)
            .map(drop)
            .ok_or_else(|| Error::other(format!("the artifact has no `{path}`")))
    }

    /// Removes every file whose path begins so.
    pub fn remove_all(&mut self, beginning: &str) -> Result<()> {
        let before = self.entries.len();
        self.entries.retain(|path, _| !path.starts_with(beginning));
        if self.entries.len() == before {
            return Err(Error::other(format!("the artifact has no `{beginning}`")));
        }
        Ok(())
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        match self.entries.remove(from) {
            Some(entry) => {
                self.entries.insert(to.to_owned(), entry);
                Ok(())
            }
            None => Err(Error::other(format!("the artifact has no `{from}`"))),
        }
    }

    /// Adds a file that looks like one of the package's own.
    pub fn add(&mut self, path: &str, bytes: impl Into<Vec<u8>>, mode: u32) -> Result<()> {
        let like = self
            .entries
            .values()
            .next()
            .ok_or_else(|| Error::other("the artifact is empty"))?;
        let mut header = like.header.clone();
        header.set_mode(mode);
        self.entries.insert(
            path.to_owned(),
            Entry {
                header,
                bytes: bytes.into(),
            },
        );
        Ok(())
    }

    pub fn mode(&mut self, path: &str, mode: u32) -> Result<()> {
        match self.entries.get_mut(path) {
            Some(entry) => entry.header.set_mode(mode),
            None => return Err(Error::other(format!("the artifact has no `{path}`"))),
        }
        Ok(())
    }

    /// Gives a file another time, in seconds since 1970.
    pub fn time(&mut self, path: &str, seconds: u64) -> Result<()> {
        match self.entries.get_mut(path) {
            Some(entry) => entry.header.set_mtime(seconds),
            None => return Err(Error::other(format!("the artifact has no `{path}`"))),
        }
        Ok(())
    }

    /// The tarball.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let bill = self.current_bill();
        for (path, entry) in &self.entries {
            let bytes = bill.as_ref().filter(|_| is_bill(path)).unwrap_or(&entry.bytes);
            let mut header = entry.header.clone();
            // The name field keeps the rest of a longer name.
            header.as_old_mut().name.fill(0);
            header.set_path(path)?;
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            builder.append(&header, bytes.as_slice())?;
        }
        let mut encoder = builder.into_inner()?;
        encoder.flush()?;
        encoder.finish()
    }
}
