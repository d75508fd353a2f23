//! The wheel: the Python payload as one pure distribution, the same bytes wherever it is built.
//!
//! `pyproject.toml` says what goes in; the version is the workspace's, in Python's spelling.

mod contents;
pub mod entry_points;
mod metadata;
mod record;

use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;
use ktx_manifest::{ArchivePath, ContentId, Finding, Sha256Digest, WheelFilename};
use ktx_system::files::{Access, NewFile};
use pep440_rs::Version;

use crate::archive::{Collector, Content, Entry, Listed, Listing, Mode, ZipArchiveWriter, write_entries};
use crate::epoch::{SourceDateEpoch, zip_time};
use crate::error::{Error, Interrupt, unless_refused};
use crate::pyproject::{PLACEHOLDER_VERSION, Project};
use crate::version::python_version;

/// What a wheel is made from.
#[derive(Clone, Debug)]
pub struct WheelOptions {
    /// The folder with `pyproject.toml`.
    pub source: PathBuf,
    /// The version of the workspace.
    pub version: semver::Version,
    pub epoch: Option<SourceDateEpoch>,
}

/// All that a wheel will hold; nothing has been written.
#[derive(Debug)]
pub struct WheelPlan {
    filename: WheelFilename,
    project: Project,
    entries: Vec<Entry>,
    epoch: Option<SourceDateEpoch>,
}

/// A wheel that was written.
#[derive(Clone, Debug)]
pub struct BuiltWheel {
    pub path: PathBuf,
    pub filename: WheelFilename,
    pub content: ContentId,
    /// How many files it holds.
    pub files: usize,
}

impl WheelPlan {
    /// Reads the sources. Every rule that they break is among the findings of the error.
    pub fn new(options: &WheelOptions) -> Result<WheelPlan, Error> {
        let version = python_version(&options.version)?;
        let manifest = options.source.join("pyproject.toml");
        let project = project(&manifest)?;
        let mut findings = Vec::new();
        findings.extend(foreign_version(&manifest, &project, &version));
        let mut collector = Collector::new();
        contents::packages(&options.source, &project, &mut collector, &mut findings)?;
        let licenses = contents::license_files(&options.source, &project, &mut findings)?;
        let readme = contents::text(&project.readme.path.under(&options.source), &mut findings)?;
        let (mut entries, collisions) = collector.finish();
        findings.extend(collisions);
        unless_refused("build a wheel from", &options.source, findings)?;

        let filename =
            WheelFilename::new(project.name.as_dist_info_name().as_ref(), version).map_err(|error| {
                let findings = vec![Finding::error("wheel-filename", error.to_string())];
                Error::Refused {
                    verb: "build a wheel from",
                    path: options.source.clone(),
                    findings,
                }
            })?;
        let readme = readme.unwrap_or_default();
        entries.extend(dist_info(&project, &filename, &licenses, &readme));
        entries.push(record(&entries, &filename));
        Ok(WheelPlan {
            filename,
            project,
            entries,
            epoch: options.epoch,
        })
    }

    pub fn filename(&self) -> &WheelFilename {
        &self.filename
    }

    pub fn project(&self) -> &Project {
        &self.project
    }

    /// What would go in, by the code that puts it in.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let mut listing = Listing::new();
        write_entries(&self.entries, &mut listing, Interrupt::never())?;
        Ok(listing.finish())
    }

    /// Writes the wheel into a folder, in place of one of the same name.
    pub fn build(&self, folder: &Path, interrupt: Interrupt<'_>) -> Result<BuiltWheel, Error> {
        let path = folder.join(self.filename.to_string());
        let mut archive = ZipArchiveWriter::new(&path, zip_time(self.epoch));
        write_entries(&self.entries, &mut archive, interrupt)?;
        let bytes = archive.finish()?;
        let mut file = NewFile::create(&path, Access::Readable)?;
        file.write_all(&bytes).map_err(|source| file.failed(source))?;
        file.commit()?;
        let content = ContentId {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
        };
        Ok(BuiltWheel {
            path,
            filename: self.filename.clone(),
            content,
            files: self.entries.len(),
        })
    }
}

/// Reads and parses a `pyproject.toml`.
pub fn project(path: &Path) -> Result<Project, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let hint = "name the folder that holds the Python payload with --source";
            return Err(Error::missing(path, "there is no such file", hint));
        }
        Err(error) => return Err(Error::File(error)),
    };
    Project::parse(&path.to_string_lossy(), &text).map_err(|findings| Error::Refused {
        verb: "read",
        path: path.to_owned(),
        findings,
    })
}

/// The file holds a placeholder, or in a stamped copy the very version; a third one would be silently overridden.
fn foreign_version(path: &Path, project: &Project, version: &Version) -> Option<Finding> {
    let written = project.version.to_string();
    if written == PLACEHOLDER_VERSION || project.version == *version {
        return None;
    }
    let message = format!(
        "failed to read `project.version` in `{}`: it is {written}, but the workspace's version is {version}",
        path.display()
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
    let files = entries.iter().map(|entry| match &entry.content {
        Content::Generated(bytes) | Content::Loaded { bytes, .. } => (entry.path.as_str(), bytes.as_slice()),
        Content::File(_) => unreachable!("a wheel's files are read when it is planned"),
    });
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
    Entry {
        path,
        mode: Mode::Regular,
        content: Content::Generated(bytes),
    }
}
