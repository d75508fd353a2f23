//! A package in memory: what is about to be staged, or what was read back from a tarball. Both are held alike, so
//! that the same rules judge them.

use std::io::Read;
use std::path::Path;

use ktx_manifest::artifact_manifest::ArtifactProgram;
use ktx_manifest::program_marks::{self, BuildMark};
use ktx_manifest::tarball::{self, TarMode, TarballLimits};
use ktx_manifest::{ArchivePath, Finding, Platform};

use super::mode_of;
use crate::archive::{Collector, Entry, Mode, NPM_TIME};
use crate::error::{Error, unless_refused};
use crate::tree;

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
    /// Of entries that are sorted by path.
    pub(crate) fn new(entries: Vec<Entry>) -> PackageContents {
        PackageContents { entries }
    }

    /// Reads a package tree. Modes follow from the places of the files, since not every file system keeps them.
    pub fn read(tree: &Path) -> Result<PackageContents, Error> {
        let mut findings = Vec::new();
        let mut collector = Collector::new();
        for file in tree::walk(tree, "", &mut findings)? {
            let mode = mode_of(file.path.as_str());
            collector.add(file.into_entry(mode)?);
        }
        let (entries, collisions) = collector.finish();
        findings.extend(collisions);
        unless_refused("pack", tree, findings)?;
        Ok(PackageContents { entries })
    }

    /// Reads a tarball strictly; one that readers could take in different ways is a finding.
    pub fn unpack(tarball: impl Read, name: &str) -> Result<PackageContents, Vec<Finding>> {
        let mut entries = Vec::new();
        let mut findings = Vec::new();
        let read = tarball::visit(tarball, &TarballLimits::default(), |entry, reader| {
            // The reader refuses sizes past its bound, so this is no more than that.
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size).unwrap_or_default());
            reader.read_to_end(&mut bytes)?;
            let mode = match entry.mode {
                TarMode::Plain => Mode::Regular,
                TarMode::Executable => Mode::Executable,
            };
            if entry.time != NPM_TIME {
                let message = format!(
                    "failed to read `{name}`: `{}`: its time is {}, not that which npm gives every file",
                    entry.path, entry.time
                );
                findings.push(Finding::error("tarball-time", message));
            }
            entries.push(Entry::generated(entry.path.clone(), mode, bytes));
            Ok(())
        });
        read.map_err(|error| {
            vec![Finding::error(
                error.code(),
                format!("failed to read `{name}`: {error}"),
            )]
        })?;
        if !findings.is_empty() {
            return Err(findings);
        }
        entries.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(PackageContents { entries })
    }

    /// How the programs were built, where they have a mark.
    pub fn programs(&self) -> Vec<ArtifactProgram> {
        let programs = Platform::ALL.into_iter().filter_map(|platform| {
            let program = self.get(&platform.program_path())?;
            let BuildMark { profile, compiler } = program_marks::build(program.bytes)?;
            Some(ArtifactProgram {
                platform,
                profile,
                compiler,
            })
        });
        programs.collect()
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
        self.entries.insert(place, Entry::generated(path, mode, bytes));
    }

    pub fn remove(&mut self, path: &str) {
        self.entries.retain(|entry| entry.path.as_str() != path);
    }
}

fn file(entry: &Entry) -> PackagedFile<'_> {
    PackagedFile {
        mode: entry.mode,
        bytes: &entry.bytes,
    }
}
