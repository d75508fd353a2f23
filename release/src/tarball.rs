//! The tarball: a staged package tree as npm would pack it, only faster and always the same bytes.

use std::path::{Path, PathBuf};

use ktx_manifest::{ContentId, HashingWriter};
use ktx_system::files::{Access, NewFile};

use crate::archive::{Collector, Entry, TarGzWriter, write_entries};
use crate::error::{Error, Interrupt, unless_refused};
use crate::package::mode_of;
use crate::tree;

/// A tarball that was written.
#[derive(Clone, Debug)]
pub struct BuiltTarball {
    pub path: PathBuf,
    pub content: ContentId,
    /// How many files it holds.
    pub files: usize,
}

/// Packs the tree at `package` into a tarball at `path`, in place of the one that stands there.
pub fn pack(package: &Path, path: &Path, interrupt: Interrupt<'_>) -> Result<BuiltTarball, Error> {
    if !package.exists() {
        return Err(Error::missing(
            package,
            "there is no package tree",
            "run: cargo xtask build-package",
        ));
    }
    let entries = entries(package)?;
    let output = HashingWriter::new(NewFile::create(path, Access::Readable)?);
    let mut tarball = TarGzWriter::new(path, output)?;
    write_entries(&entries, &mut tarball, interrupt)?;
    let (file, content) = tarball.finish()?.finish();
    file.commit()?;
    Ok(BuiltTarball {
        path: path.to_owned(),
        content,
        files: entries.len(),
    })
}

/// The tree's files; their modes follow from their places, since not every file system keeps them.
fn entries(package: &Path) -> Result<Vec<Entry>, Error> {
    let mut findings = Vec::new();
    let mut collector = Collector::new();
    for file in tree::walk(package, "", &mut findings)? {
        let mode = mode_of(file.path.as_str());
        collector.add(file.into_entry(mode));
    }
    let (entries, collisions) = collector.finish();
    findings.extend(collisions);
    unless_refused("pack", package, findings)?;
    Ok(entries)
}
