//! A package unpacked in memory, its wheel included.

use std::collections::BTreeMap;
use std::io::Cursor;

use ktx_manifest::archive::{Archive, ArchiveError, Limits};
use ktx_manifest::path_set::PathKind;
use ktx_manifest::tarball::{self, TarMode, TarballError, TarballLimits};
use ktx_manifest::{ContentId, Sha256Digest};
use ktx_names::Platform;

/// The files of an npm tarball and of the wheel inside it. Paths that carry the version have a `*` in its place, so that
/// they are the same in every version.
#[derive(Debug, Clone)]
pub struct Package {
    /// Digest and size of the tarball.
    pub content: ContentId,
    pub files: BTreeMap<String, File>,
    /// The files of the wheel; empty when the package has none.
    pub wheel: BTreeMap<String, File>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub content: Vec<u8>,
    pub executable: bool,
}

/// Why a package cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("failed to read the tarball: {0}")]
    Tarball(#[from] TarballError),
    #[error("failed to read `{path}`: {source}")]
    Wheel { path: String, source: ArchiveError },
    #[error("it has two wheels")]
    SecondWheel,
}

impl Package {
    /// Reads a tarball with the strict reader, and the wheel in it.
    pub fn read(tarball: &[u8]) -> Result<Self, PackageError> {
        let mut files = BTreeMap::new();
        let mut wheels = Vec::new();
        tarball::visit(tarball, &TarballLimits::default(), |entry, reader| {
            let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or_default());
            reader.read_to_end(&mut content)?;
            let path = entry.path.as_str();
            if path.ends_with(".whl") {
                wheels.push(path.to_owned());
            }
            let executable = entry.mode == TarMode::Executable;
            files.insert(path.to_owned(), File { content, executable });
            Ok(())
        })?;
        let wheel = match wheels.as_slice() {
            [] => BTreeMap::new(),
            [path] => {
                let file = files.remove(path);
                let unversioned = unversioned_wheel(path);
                let wheel = file.as_ref().map(|file| unpack(&file.content)).transpose();
                let wheel = wheel.map_err(|source| PackageError::Wheel {
                    path: path.clone(),
                    source,
                })?;
                files.extend(file.map(|file| (unversioned, file)));
                wheel.unwrap_or_default()
            }
            _ => return Err(PackageError::SecondWheel),
        };
        Ok(Self {
            content: ContentId {
                sha256: Sha256Digest::of(tarball),
                bytes: tarball.len() as u64,
            },
            files,
            wheel,
        })
    }

    /// The programs by platform.
    pub fn programs(&self) -> BTreeMap<Platform, &File> {
        let program = |platform: Platform| Some((platform, self.files.get(&platform.program_path())?));
        Platform::ALL.into_iter().filter_map(program).collect()
    }

    /// Size of all files together.
    pub fn unpacked_bytes(&self) -> u64 {
        self.files.values().map(File::size).sum()
    }
}

impl File {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.content.len() as u64
    }
}

fn unpack(wheel: &[u8]) -> Result<BTreeMap<String, File>, ArchiveError> {
    let mut archive = Archive::open(Cursor::new(wheel), &Limits::default())?;
    let mut files = BTreeMap::new();
    let entries = archive.entries().to_vec();
    for entry in entries.iter().filter(|entry| entry.kind == PathKind::File) {
        let file = File {
            content: archive.read(entry, Limits::default().entry_bytes)?,
            executable: entry.executable,
        };
        files.insert(unversioned_metadata(entry.path.as_str()), file);
    }
    Ok(files)
}

/// `kaelio_ktx-0.1.0rc0-py3-none-any.whl` without its version.
fn unversioned_wheel(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut parts: Vec<&str> = name.split('-').collect();
    if let Some(version) = parts.get_mut(1) {
        *version = "*";
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{}", parts.join("-"))
}

/// `kaelio_ktx-0.1.0rc0.dist-info/METADATA` without its version.
fn unversioned_metadata(path: &str) -> String {
    let parts = path.split_once(".dist-info/");
    let parts = parts.and_then(|(stem, rest)| Some((stem.split_once('-')?.0, rest)));
    parts.map_or_else(
        || path.to_owned(),
        |(name, rest)| format!("{name}-*.dist-info/{rest}"),
    )
}
