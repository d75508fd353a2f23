//! Why the strict reader refuses an archive: each reason has a stable code and its own facts.

use std::io;

use crate::archive_path::UnsafePath;
use crate::path_set::PathCollision;

/// A refusal, with the entry it is about when it is about one.
#[derive(Debug, thiserror::Error)]
#[error("{}{fault}", entry.as_ref().map(|name| format!("`{}`: ", name.escape_debug())).unwrap_or_default())]
pub struct ArchiveError {
    pub entry: Option<String>,
    pub fault: Fault,
}

/// What is wrong. Offsets and sizes are in bytes, offsets from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Io(#[source] io::Error),
    #[error("{what} of {found} is over the limit of {limit}")]
    TooLarge {
        what: &'static str,
        found: u64,
        limit: u64,
    },

    #[error("it has no end record, so it is not a zip archive or was truncated")]
    NoEndRecord,
    #[error("{bytes} bytes follow the end record")]
    TrailingBytes { bytes: u64 },
    #[error("there is a second end record at byte {offset}")]
    SecondEndRecord { offset: u64 },
    #[error("it uses Zip64")]
    Zip64,
    #[error("it is split over several disks")]
    MultiDisk,
    #[error("it has a comment")]
    Comment,
    #[error("the end record counts {declared} entries, the central directory has {found}")]
    EntryCount { declared: u64, found: u64 },
    #[error("the central directory does not end where the end record begins")]
    DirectoryBounds,

    #[error("the {what} is cut short or has a wrong signature")]
    Malformed { what: &'static str },
    #[error("bytes {from} to {to} belong to no entry")]
    Gap { from: u64, to: u64 },
    #[error("it overlaps another entry at byte {offset}")]
    Overlap { offset: u64 },
    #[error("local and central header disagree on the {field}")]
    HeaderDisagreement { field: &'static str },
    #[error("its data descriptor disagrees with the central header, or has no signature")]
    DataDescriptor,

    #[error("it is encrypted")]
    Encrypted,
    #[error("its flags {flags:#06x} have an unknown bit")]
    UnknownFlags { flags: u16 },
    #[error("its compression method {method} is neither stored nor deflate")]
    UnknownMethod { method: u16 },
    #[error("it needs version {version} of the format, over 2.0")]
    VersionNeeded { version: u16 },
    #[error("it was made on system {system}, neither MS-DOS nor Unix")]
    UnknownSystem { system: u8 },
    #[error("its extra field {id:#06x} is not one that leaves its meaning alone")]
    ExtraField { id: u16 },
    #[error("it is a symbolic link")]
    Link,
    #[error("its attributes {attributes:#010x} are not those of a file or a directory")]
    SpecialFile { attributes: u32 },
    #[error("it is a directory with content")]
    DirectoryContent,

    #[error("{0}")]
    UnsafePath(#[source] UnsafePath),
    #[error("its name is not ASCII and not marked as UTF-8")]
    NameEncoding,
    #[error("it is duplicated")]
    Duplicate,
    #[error("{0}")]
    Collision(#[source] PathCollision),

    #[error("its data is not valid deflate")]
    CorruptData,
    #[error("its header says {declared} bytes, its data has {}", if *.more { "more" } else { "fewer" })]
    SizeMismatch { declared: u64, more: bool },
    #[error("its compressed data ends before its compressed size does")]
    TrailingData,
    #[error("its checksum is {found:08x}, its header says {declared:08x}")]
    ChecksumMismatch { declared: u32, found: u32 },
}

impl ArchiveError {
    pub(super) fn new(entry: &str, fault: Fault) -> Self {
        Self {
            entry: Some(entry.to_owned()),
            fault,
        }
    }

    /// Stable name for programs.
    pub fn code(&self) -> &'static str {
        match self.fault {
            Fault::Io(_) => "archive-io",
            Fault::TooLarge { .. } => "archive-too-large",
            Fault::NoEndRecord => "archive-no-end-record",
            Fault::TrailingBytes { .. } => "archive-trailing-bytes",
            Fault::SecondEndRecord { .. } => "archive-second-end-record",
            Fault::Zip64 => "archive-zip64",
            Fault::MultiDisk => "archive-multi-disk",
            Fault::Comment => "archive-comment",
            Fault::EntryCount { .. } => "archive-entry-count",
            Fault::DirectoryBounds => "archive-directory-bounds",
            Fault::Malformed { .. } => "archive-malformed",
            Fault::Gap { .. } => "archive-gap",
            Fault::Overlap { .. } => "archive-overlap",
            Fault::HeaderDisagreement { .. } => "archive-header-disagreement",
            Fault::DataDescriptor => "archive-data-descriptor",
            Fault::Encrypted => "archive-encrypted",
            Fault::UnknownFlags { .. } => "archive-unknown-flags",
            Fault::UnknownMethod { .. } => "archive-unknown-method",
            Fault::VersionNeeded { .. } => "archive-version-needed",
            Fault::UnknownSystem { .. } => "archive-unknown-system",
            Fault::ExtraField { .. } => "archive-extra-field",
            Fault::Link => "archive-link",
            Fault::SpecialFile { .. } => "archive-special-file",
            Fault::DirectoryContent => "archive-directory-content",
            Fault::UnsafePath(_) => "archive-unsafe-path",
            Fault::NameEncoding => "archive-name-encoding",
            Fault::Duplicate => "archive-duplicate",
            Fault::Collision(_) => "archive-collision",
            Fault::CorruptData => "archive-corrupt-data",
            Fault::SizeMismatch { .. } => "archive-size-mismatch",
            Fault::TrailingData => "archive-trailing-data",
            Fault::ChecksumMismatch { .. } => "archive-checksum-mismatch",
        }
    }
}

impl From<Fault> for ArchiveError {
    fn from(fault: Fault) -> Self {
        Self { entry: None, fault }
    }
}
