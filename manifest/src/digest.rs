//! SHA-256 digests of bytes, readers and files, always streamed. Knows nothing of what the bytes mean, and nothing of
//! registry integrity strings (those are SHA-512 and belong to publishing).

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits and in no other way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest([u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a SHA-256 digest of 64 lower-case hexadecimal digits", .0.escape_debug())]
pub struct InvalidDigest(pub String);

/// What identifies a file's content: its digest and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentId {
    pub sha256: Sha256Digest,
    /// Length in bytes.
    pub bytes: u64,
}

impl ContentId {
    /// Of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Sha256Digest::of(bytes),
            bytes: bytes.len() as u64,
        }
    }
}

impl Sha256Digest {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Digest of bytes in memory.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Digest and length of all that a reader gives. Errors are the reader's own.
    pub fn of_reader(reader: &mut (impl Read + ?Sized)) -> io::Result<ContentId> {
        let mut hasher = HashingWriter::new(io::sink());
        // One mebibyte: measured, larger blocks are no faster and smaller ones spend time in system calls.
        let mut block = vec![0; 1 << 20];
        loop {
            match reader.read(&mut block) {
                Ok(0) => return Ok(hasher.finish().1),
                Ok(count) => hasher.write_all(&block[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Digest and length of a file. The error names the path.
    pub fn of_file(path: impl AsRef<Path>) -> io::Result<ContentId> {
        Self::of_reader(&mut fs_err::File::open(path.as_ref())?)
    }
}

impl FromStr for Sha256Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let invalid = || InvalidDigest(text.chars().take(80).collect());
        if text.len() != 64 {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0]).ok_or_else(invalid)? << 4 | digit(pair[1]).ok_or_else(invalid)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sha256Digest({self})")
    }
}

/// Passes what is written on to another writer, and takes digest and length of it.
pub struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// The inner writer, and what went through.
    pub fn finish(self) -> (W, ContentId) {
        let sha256 = Sha256Digest(self.hasher.finalize().into());
        (
            self.inner,
            ContentId {
                sha256,
                bytes: self.bytes,
            },
        )
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
