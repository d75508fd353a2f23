//! One file of a release page.

use ktx_manifest::Sha256Digest;

/// A file to be on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    pub name: String,
    pub bytes: Vec<u8>,
    pub role: Role,
}

/// What a file on the page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What people download. Other bytes under its name are an error.
    Artifact,
    /// A report about it. It may have been written again since; then the page keeps its own.
    Report,
}

impl PageFile {
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.bytes)
    }
}
