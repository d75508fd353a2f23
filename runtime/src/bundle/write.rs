//! Writes the archive: the same files give the same bytes.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_manifest::ArchivePath;
use ktx_manifest::runtime_bundle::{BUNDLE_FOLDER, BUNDLE_MANIFEST_FILE, BundleManifest};
use ktx_system::Interrupt;
use tar::{Builder, EntryType, Header};

const BLOCK: usize = 1 << 20;

/// Manifest and files, in the order of their paths; `bundle.json` is the first of them.
pub(super) fn archive(
    output: impl Write,
    manifest: &BundleManifest,
    files: &BTreeMap<ArchivePath, PathBuf>,
    interrupt: &Interrupt,
) -> io::Result<()> {
    // Wheels are compressed already; more effort than this makes nothing smaller.
    let gzip = GzEncoder::new(BufWriter::with_capacity(BLOCK, output), Compression::fast());
    let mut tar = Builder::new(gzip);
    let text = manifest.to_text();
    tar.append(
        &header(BUNDLE_MANIFEST_FILE, text.len() as u64, 0o644)?,
        text.as_bytes(),
    )?;
    for (path, listed) in &manifest.files {
        interrupt.check().map_err(io::Error::other)?;
        let source = files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let file = fs_err::File::open(source)?;
        let mode = if is_executable(&file)? { 0o755 } else { 0o644 };
        let content = file.take(listed.bytes);
        tar.append(&header(path.as_str(), listed.bytes, mode)?, content)?;
    }
    tar.into_inner()?.finish()?.flush()
}

fn header(path: &str, bytes: u64, mode: u32) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(format!("{BUNDLE_FOLDER}/{path}"))?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

#[cfg(unix)]
fn is_executable(file: &fs_err::File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;

    Ok(file.metadata()?.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_file: &fs_err::File) -> io::Result<bool> {
    Ok(false)
}
