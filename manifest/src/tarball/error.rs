//! Why a tarball is refused: each reason has a stable code.

use std::io;

use crate::archive_path::UnsafePath;
use crate::path_set::PathCollision;

/// A refusal, with the path below the folder when it is about a file.
#[derive(Debug, thiserror::Error)]
#[error("{}{fault}", entry.as_ref().map(|name| format!("`{}`: ", name.escape_debug())).unwrap_or_default())]
pub struct TarballError {
    pub entry: Option<String>,
    pub fault: TarballFault,
}

#[derive(Debug, thiserror::Error)]
pub enum TarballFault {
    /// The file, its compression, or the visitor failed.
    #[error("{0}")]
    Unreadable(#[source] io::Error),
    #[error("it ends before the archive does")]
    CutShort,
    #[error("{what} is over the limit of {limit}")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("its gzip header has a name, a comment or a time")]
    GzipHeader,
    #[error("something follows the end of the archive")]
    TrailingBytes,
    #[error("a header has a wrong checksum")]
    HeaderChecksum,
    #[error("its {field} is not what a plain ustar header has")]
    Header { field: &'static str },
    #[error("it is not a regular file but of type `{}`", kind.escape_ascii())]
    NotAFile { kind: u8 },
    #[error("its mode is {mode:04o}, neither 0644 nor 0755")]
    Mode { mode: u64 },
    #[error("it is not below `{folder}/`")]
    NotBelow { folder: &'static str },
    #[error("{0}")]
    UnsafePath(#[source] UnsafePath),
    #[error("it is duplicated")]
    Duplicate,
    #[error("{0}")]
    Collision(#[source] PathCollision),
    #[error("the bytes after its content are not zero")]
    Padding,
}

impl TarballError {
    pub(super) fn new(entry: impl ToString, fault: TarballFault) -> Self {
        Self {
            entry: Some(entry.to_string()),
            fault,
        }
    }

    /// Stable name for programs.
    pub fn code(&self) -> &'static str {
        match self.fault {
            TarballFault::Unreadable(_) => "tarball-unreadable",
            TarballFault::CutShort => "tarball-cut-short",
            TarballFault::TooLarge { .. } => "tarball-too-large",
            TarballFault::GzipHeader => "tarball-gzip-header",
            TarballFault::TrailingBytes => "tarball-trailing-bytes",
            TarballFault::HeaderChecksum => "tarball-header-checksum",
            TarballFault::Header { .. } => "tarball-header",
            TarballFault::NotAFile { .. } => "tarball-not-a-file",
            TarballFault::Mode { .. } => "tarball-mode",
            TarballFault::NotBelow { .. } => "tarball-not-below-package",
            TarballFault::UnsafePath(_) => "tarball-unsafe-path",
            TarballFault::Duplicate => "tarball-duplicate",
            TarballFault::Collision(_) => "tarball-collision",
            TarballFault::Padding => "tarball-padding",
        }
    }
}

impl From<TarballFault> for TarballError {
    fn from(fault: TarballFault) -> Self {
        Self { entry: None, fault }
    }
}
