//! The central directory: every header in it, with nothing after the last.

use super::extra;
use super::fields::Fields;
use super::{ArchiveError, Entry, Fault, Limits, Method};
use crate::archive_path::{ArchivePath, UnsafePath};
use crate::path_set::{PathKind, PathSet};

const SIGNATURE: [u8; 4] = *b"PK\x01\x02";

/// The general purpose bits that are understood: deflate's level, the data descriptor, UTF-8 names.
const KNOWN_FLAGS: u16 = 0b0000_1000_0000_1110;
const ENCRYPTED_FLAGS: u16 = 0b0010_0000_0100_0001;
pub(super) const DESCRIPTOR_FLAG: u16 = 1 << 3;
const UTF8_FLAG: u16 = 1 << 11;
/// Version 2.0 is what deflate and directories need; 4.5 is Zip64, others are methods that are refused.
const MAX_VERSION: u16 = 20;

/// The fields of a header, unchanged. Local and central headers both have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    pub version_needed: u16,
    pub flags: u16,
    pub method: u16,
    pub time: u16,
    pub date: u16,
    pub crc: u32,
    pub compressed: u32,
    pub size: u32,
}

impl Shared {
    pub fn parse(fields: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            version_needed: fields.u16()?,
            flags: fields.u16()?,
            method: fields.u16()?,
            time: fields.u16()?,
            date: fields.u16()?,
            crc: fields.u32()?,
            compressed: fields.u32()?,
            size: fields.u32()?,
        })
    }
}

/// A central header with what only the local header and the layout still have to confirm.
pub(super) struct Header {
    pub entry: Entry,
    pub shared: Shared,
    pub name: Vec<u8>,
    pub local_offset: u64,
}

/// Reads all headers.
pub(super) fn read(bytes: &[u8], declared: u16, limits: &Limits) -> Result<Vec<Header>, ArchiveError> {
    let mut fields = Fields::new(bytes, "central directory");
    let mut headers = Vec::new();
    let mut paths = PathSet::default();
    let mut total = 0_u64;
    while !fields.is_empty() {
        let header = one(&mut fields, limits)?;
        let name = header.entry.name();
        let refuse = |fault| ArchiveError::new(&name, fault);
        paths
            .insert(&header.entry.path, header.entry.kind)
            .map_err(|collision| {
                refuse(if collision.is_duplicate() {
                    Fault::Duplicate
                } else {
                    Fault::Collision(collision)
                })
            })?;
        total += header.entry.size;
        if total > limits.total_bytes {
            let limit = limits.total_bytes;
            return Err(refuse(Fault::TooLarge {
                what: "total size",
                found: total,
                limit,
            }));
        }
        headers.push(header);
    }
    if headers.len() != usize::from(declared) {
        return Err(Fault::EntryCount {
            declared: declared.into(),
            found: headers.len() as u64,
        }
        .into());
    }
    Ok(headers)
}

fn one(fields: &mut Fields<'_>, limits: &Limits) -> Result<Header, ArchiveError> {
    fields.signature(SIGNATURE)?;
    let made_by = fields.u16()?;
    let shared = Shared::parse(fields)?;
    let (name_length, extra_length, comment_length) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _text_hint = fields.u16()?;
    let attributes = fields.u32()?;
    let local_offset = fields.u32()?;
    let name = fields.take(name_length.into())?;
    let extra = fields.take(extra_length.into())?;
    let _comment = fields.take(comment_length.into())?;

    let shown = String::from_utf8_lossy(name);
    let refuse = |fault| ArchiveError::new(&shown, fault);
    if [shared.compressed, shared.size, local_offset].contains(&u32::MAX) || disk == u16::MAX {
        return Err(refuse(Fault::Zip64));
    }
    if disk != 0 {
        return Err(refuse(Fault::MultiDisk));
    }
    if comment_length != 0 {
        return Err(refuse(Fault::Comment));
    }
    let method = understood(&shared).map_err(refuse)?;
    extra::check(extra).map_err(refuse)?;
    let (path, kind) = path(name, shared.flags).map_err(refuse)?;
    let executable = attributes_fit(made_by, attributes, kind).map_err(refuse)?;
    let entry = Entry {
        path,
        kind,
        size: shared.size.into(),
        executable,
        method,
        compressed: shared.compressed.into(),
        crc: shared.crc,
        data_offset: 0,
    };
    sizes_fit(&entry, limits).map_err(refuse)?;
    Ok(Header {
        entry,
        shared,
        name: name.to_owned(),
        local_offset: local_offset.into(),
    })
}

fn understood(shared: &Shared) -> Result<Method, Fault> {
    if shared.flags & ENCRYPTED_FLAGS != 0 {
        return Err(Fault::Encrypted);
    }
    if shared.flags & !KNOWN_FLAGS != 0 {
        return Err(Fault::UnknownFlags { flags: shared.flags });
    }
    if shared.version_needed > MAX_VERSION {
        return Err(Fault::VersionNeeded {
            version: shared.version_needed,
        });
    }
    match shared.method {
        0 if shared.flags & DESCRIPTOR_FLAG != 0 => Err(Fault::DataDescriptor),
        0 => Ok(Method::Stored),
        8 => Ok(Method::Deflate),
        method => Err(Fault::UnknownMethod { method }),
    }
}

fn path(name: &[u8], flags: u16) -> Result<(ArchivePath, PathKind), Fault> {
    if !name.is_ascii() && flags & UTF8_FLAG == 0 {
        return Err(Fault::NameEncoding);
    }
    let (name, kind) = match name.strip_suffix(b"/") {
        Some(directory) => (directory, PathKind::Directory),
        None => (name, PathKind::File),
    };
    let path = ArchivePath::try_from(name).map_err(|error: UnsafePath| Fault::UnsafePath(error))?;
    Ok((path, kind))
}

/// Whether the attributes agree with the name's kind; gives whether a file may be executed.
fn attributes_fit(made_by: u16, attributes: u32, kind: PathKind) -> Result<bool, Fault> {
    const DOS_VOLUME_OR_DEVICE: u32 = 0x48;
    const DOS_DIRECTORY: u32 = 0x10;
    let system = (made_by >> 8) as u8;
    if !matches!(system, 0 | 3) {
        return Err(Fault::UnknownSystem { system });
    }
    // Unix's mode is in the upper half; some readers use it whatever system the header names.
    let mode = attributes >> 16;
    let special = Fault::SpecialFile { attributes };
    let (expected_type, expected_dos) = match kind {
        PathKind::File => (0o100_000, 0),
        PathKind::Directory => (0o040_000, DOS_DIRECTORY),
    };
    match mode & 0o170_000 {
        0o120_000 => return Err(Fault::Link),
        found if found != 0 && found != expected_type => return Err(special),
        _ => {}
    }
    let dos_directory = attributes & DOS_DIRECTORY;
    if mode & 0o7000 != 0
        || attributes & DOS_VOLUME_OR_DEVICE != 0
        || (dos_directory != 0 && expected_dos == 0)
    {
        return Err(special);
    }
    Ok(kind == PathKind::File && mode & 0o111 != 0)
}

fn sizes_fit(entry: &Entry, limits: &Limits) -> Result<(), Fault> {
    if entry.kind == PathKind::Directory && (entry.size, entry.crc) != (0, 0) {
        return Err(Fault::DirectoryContent);
    }
    for found in [entry.size, entry.compressed] {
        if found > limits.entry_bytes {
            return Err(Fault::TooLarge {
                what: "size",
                found,
                limit: limits.entry_bytes,
            });
        }
    }
    if entry.method == Method::Stored && entry.size != entry.compressed {
        return Err(Fault::SizeMismatch {
            declared: entry.size,
            more: entry.compressed > entry.size,
        });
    }
    Ok(())
}
