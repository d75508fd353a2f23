//! A package in memory: what is about to be staged, or what was read back from a tarball. Both are held alike, so
//! that the same rules judge them.

use std::io::Read;

use fs_err as fs;
use ktx_manifest::tarball::{self, TarMode, TarballLimits};
use ktx_manifest::{ArchivePath, Finding};

use crate::archive::{Content, Entry, Mode};
use crate::error::Error;

/// A file of a package.
#[derive(Clone, Copy, Debug)]
pub struct PackagedFile<'a> {
    pub mode: Mode,
    pub bytes: &'a [u8],
}

/// The files of a package, without the tarball's `package/`; sorted by path, their bytes in memory.
#[derive(Clone, Debug, Default)]
pub struct PackageContents {
    entries: Vec<Entry>,
}

impl PackageContents {
    /// Takes sorted entries and reads the files behind them, once; what is judged is then what is written.
    pub fn load(mut entries: Vec<Entry>) -> Result<PackageContents, Error> {
        for entry in &mut entries {
            if let Content::File(path) = &entry.content {
                let from = path.clone();
                let bytes = fs::read(&from).map_err(Error::File)?;
                entry.content = Content::Loaded { from, bytes };
            }
        }
        Ok(PackageContents { entries })
    }

    /// Reads a tarball strictly; one that readers could take in different ways is a finding.
    pub fn unpack(tarball: impl Read, name: &str) -> Result<PackageContents, Vec<Finding>> {
        let mut entries = Vec::new();
        let read = tarball::visit(tarball, &TarballLimits::default(), |entry, reader| {
            // The reader refuses sizes past its bound, so this is no more than that.
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size).unwrap_or_default());
            reader.read_to_end(&mut bytes)?;
            let mode = match entry.mode {
                TarMode::Plain => Mode::Regular,
                TarMode::Executable => Mode::Executable,
            };
            entries.push(Entry {
                path: entry.path.clone(),
                mode,
                content: Content::Generated(bytes),
            });
            Ok(())
        });
        read.map_err(|error| {
            vec![Finding::error(
                error.code(),
                format!("failed to read `{name}`: {error}"),
            )]
        })?;
        entries.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(PackageContents { entries })
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn get(&self, path: &str) -> Option<PackagedFile<'_>> {
        let found = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        Some(file(&self.entries[found]))
    }

    /// Sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, PackagedFile<'_>)> {
        self.entries
            .iter()
            .map(|entry| (entry.path.as_str(), file(entry)))
    }

    /// The files in a folder, by their path below it.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, PackagedFile<'a>)> {
        self.iter()
            .filter_map(move |(path, file)| Some((path.strip_prefix(folder)?.strip_prefix('/')?, file)))
    }

    /// Puts a file in, in place of one of the same path.
    pub fn insert(&mut self, path: ArchivePath, mode: Mode, bytes: Vec<u8>) {
        self.remove(path.as_str());
        let place = self.entries.partition_point(|entry| entry.path < path);
        self.entries.insert(
            place,
            Entry {
                path,
                mode,
                content: Content::Generated(bytes),
            },
        );
    }

    pub fn remove(&mut self, path: &str) {
        self.entries.retain(|entry| entry.path.as_str() != path);
    }
}

fn file(entry: &Entry) -> PackagedFile<'_> {
    match &entry.content {
        Content::Generated(bytes) | Content::Loaded { bytes, .. } => PackagedFile {
            mode: entry.mode,
            bytes,
        },
        Content::File(_) => unreachable!("the files of a package are read when it is put together"),
    }
}
