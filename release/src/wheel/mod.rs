//! The wheel: the Python payload as one pure distribution, the same bytes on every machine.
//!
//! `pyproject.toml` says what goes in; the version is the workspace's, in Python's spelling.

mod contents;
pub mod entry_points;
mod metadata;
mod record;
mod sbom;

pub use self::sbom::WHEEL_SBOM;

use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::{ArchivePath, ContentId, Finding, WheelFilename};
use ktx_system::Interrupt;
use ktx_system::files::{Access, NewFile};
use pep440_rs::Version;

use crate::archive::{Collector, Entry, Listed, Listing, Mode, ZipArchiveWriter, write_entries};
use crate::epoch::{SourceDateEpoch, zip_time};
use crate::error::{Error, ErrorKind, unless_refused};
use crate::pyproject::{PLACEHOLDER_VERSION, Project};
use crate::version::python_version;

/// All that a wheel will hold; nothing has been written.
#[derive(Debug)]
pub struct WheelPlan {
    filename: WheelFilename,
    entries: Vec<Entry>,
    epoch: Option<SourceDateEpoch>,
}

/// A wheel in memory: what is written, bundled and listed in manifests are these bytes.
#[derive(Clone)]
pub struct BuiltWheel {
    pub filename: WheelFilename,
    pub bytes: Vec<u8>,
    pub content: ContentId,
}

impl WheelPlan {
    /// Reads the sources of a project, for a version of the workspace. Every rule that they break is among the findings
    /// of the error.
    pub fn new(
        project: &Project,
        version: &semver::Version,
        epoch: Option<SourceDateEpoch>,
    ) -> Result<WheelPlan, Error> {
        let version = python_version(version)?;
        let source = project.source();
        let mut findings = Vec::new();
        findings.extend(foreign_version(project, &version));
        let mut collector = Collector::new();
        contents::packages(source, project, &mut collector, &mut findings)?;
        let licenses = contents::license_files(source, project, &mut findings)?;
        let readme = contents::text(&project.readme.path.under(source), &mut findings)?;
        let (mut entries, collisions) = collector.finish();
        findings.extend(collisions);
        unless_refused("build a wheel from", source, findings)?;

        let filename = filename(project, version)?;
        let readme = readme.unwrap_or_default();
        entries.extend(dist_info(project, &filename, &licenses, &readme));
        entries.extend(sbom::entry(source, &filename)?);
        entries.push(record(&entries, &filename));
        Ok(WheelPlan {
            filename,
            entries,
            epoch,
        })
    }

    pub fn filename(&self) -> &WheelFilename {
        &self.filename
    }

    /// What would go in, by the code that puts it in.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let mut listing = Listing::new();
        write_entries(&self.entries, &mut listing, &Interrupt::new())?;
        Ok(listing.finish())
    }

    /// How many files it holds.
    pub fn files(&self) -> usize {
        self.entries.len()
    }

    /// Makes the wheel.
    pub fn build(&self, interrupt: &Interrupt) -> Result<BuiltWheel, Error> {
        let mut archive = ZipArchiveWriter::new(self.filename.to_string(), zip_time(self.epoch));
        write_entries(&self.entries, &mut archive, interrupt)?;
        Ok(BuiltWheel::new(self.filename.clone(), archive.finish()?))
    }
}

impl BuiltWheel {
    pub fn new(filename: WheelFilename, bytes: Vec<u8>) -> Self {
        let content = ContentId::of(&bytes);
        BuiltWheel {
            filename,
            bytes,
            content,
        }
    }

    /// The wheel of a project in the folder where an earlier build put it.
    pub fn read(project: &Project, version: &semver::Version, folder: &Path) -> Result<Self, Error> {
        let filename = filename(project, python_version(version)?)?;
        let path = folder.join(filename.to_string());
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::missing(
                path,
                "there is no such file",
                "run: cargo xtask build-wheel",
            )),
            bytes => Ok(BuiltWheel::new(filename, bytes.map_err(Error::File)?)),
        }
    }

    /// Writes the wheel into a folder, in place of one of the same name.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Error> {
        let path = folder.join(self.filename.to_string());
        let mut file = NewFile::create(&path, Access::Readable)?;
        file.write_all(&self.bytes)
            .map_err(|source| file.failed(source))?;
        file.commit()?;
        Ok(path)
    }
}

fn filename(project: &Project, version: Version) -> Result<WheelFilename, Error> {
    WheelFilename::new(project.name.as_dist_info_name().as_ref(), version).map_err(|error| Error::Refused {
        verb: "build a wheel from",
        path: project.source().to_owned(),
        findings: vec![Finding::error("wheel-filename", error.to_string())],
        kind: ErrorKind::Failed,
    })
}

/// The file holds a placeholder, or in a stamped copy the very version; a third one would be silently overridden.
fn foreign_version(project: &Project, version: &Version) -> Option<Finding> {
    let written = project.version.to_string();
    if written == PLACEHOLDER_VERSION || project.version == *version {
        return None;
    }
    let message = format!(
        "failed to read `project.version` in `{}`: it is {written}, but the workspace's version is {version}",
        project.path.display()
    );
    let hint = format!(
        "set it to the placeholder \"{PLACEHOLDER_VERSION}\"; the version is stamped when a wheel is built"
    );
    Some(Finding::error("version-not-placeholder", message).with_hint(hint))
}

/// The files of `*.dist-info/` but RECORD, which are last in the archive, as the wheel format recommends.
fn dist_info(
    project: &Project,
    filename: &WheelFilename,
    licenses: &[(ArchivePath, Vec<u8>)],
    readme: &str,
) -> Vec<Entry> {
    let license_paths: Vec<_> = licenses.iter().map(|(path, _)| path.clone()).collect();
    let mut files = vec![
        (
            "METADATA".to_owned(),
            metadata::metadata(project, filename.version(), &license_paths, readme),
        ),
        ("WHEEL".to_owned(), metadata::wheel()),
    ];
    if !project.entry_points.is_empty() {
        files.push((
            "entry_points.txt".to_owned(),
            entry_points::render(&project.entry_points),
        ));
    }
    let generated = files.into_iter().map(|(name, text)| (name, text.into_bytes()));
    let licenses = licenses
        .iter()
        .map(|(path, bytes)| (format!("licenses/{path}"), bytes.clone()));
    generated
        .chain(licenses)
        .map(|(name, bytes)| of_dist_info(filename, &name, bytes))
        .collect()
}

fn record(entries: &[Entry], filename: &WheelFilename) -> Entry {
    let files = entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.bytes.as_slice()));
    let own = format!("{}/RECORD", filename.dist_info());
    let text = record::render(files, &own);
    of_dist_info(filename, "RECORD", text)
}

fn of_dist_info(filename: &WheelFilename, name: &str, bytes: Vec<u8>) -> Entry {
    let path = format!("{}/{name}", filename.dist_info());
    #[expect(
        clippy::expect_used,
        reason = "the folder and the names below it are archive paths already"
    )]
    let path = path.parse().expect("a path of dist-info is safe");
    Entry::generated(path, Mode::Regular, bytes)
}
