//! The tarball: a package as npm would pack it, only faster and always the same bytes.

use std::path::Path;

use ktx_manifest::{ContentId, HashingWriter};
use ktx_system::Interrupt;
use ktx_system::files::{Access, NewFile};

use crate::archive::{TarGzWriter, write_entries};
use crate::error::Error;
use crate::package::PackageContents;

/// Packs a package into a tarball at `path`, in place of the one that is there.
pub fn pack(package: &PackageContents, path: &Path, interrupt: &Interrupt) -> Result<ContentId, Error> {
    let output = HashingWriter::new(NewFile::create(path, Access::Readable)?);
    let mut tarball = TarGzWriter::new(path, output)?;
    write_entries(package.entries(), &mut tarball, interrupt)?;
    let (file, content) = tarball.finish()?.finish();
    file.commit()?;
    Ok(content)
}
