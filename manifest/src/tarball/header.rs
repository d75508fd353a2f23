//! One ustar header: fields that every reader understands alike, and nothing in the others.

use std::io::Read;

use super::{BLOCK, TarEntry, TarMode, TarballError, TarballFault};
use crate::archive_path::ArchivePath;

type Block = [u8; BLOCK];

/// Where a field is in the block.
struct Field {
    name: &'static str,
    start: usize,
    length: usize,
}

const fn field(name: &'static str, start: usize, length: usize) -> Field {
    Field { name, start, length }
}

const NAME: Field = field("name", 0, 100);
const MODE: Field = field("mode", 100, 8);
const OWNER: Field = field("owner", 108, 8);
const GROUP: Field = field("group", 116, 8);
const SIZE: Field = field("size", 124, 12);
const TIME: Field = field("time", 136, 12);
const CHECKSUM: Field = field("checksum", 148, 8);
const KIND: usize = 156;
const MAGIC: Field = field("magic", 257, 8);
const DEVICE: [Field; 2] = [field("device", 329, 8), field("device", 337, 8)];
const PREFIX: Field = field("prefix", 345, 155);
/// Link target, names of owner and group, and the unused end.
const BLANK: [Field; 4] = [
    field("link", 157, 100),
    field("owner name", 265, 32),
    field("group name", 297, 32),
    field("end", 500, 12),
];

/// The next header, or `None` at the end mark of two blank blocks.
pub(super) fn read(tar: &mut impl Read, folder: &'static str) -> Result<Option<TarEntry>, TarballError> {
    let block = block(tar)?;
    if block == [0; BLOCK] {
        return match self::block(tar)? == [0; BLOCK] {
            true => Ok(None),
            false => Err(TarballFault::TrailingBytes.into()),
        };
    }
    if checksum(&block) != number(&block, &CHECKSUM)? {
        return Err(TarballFault::HeaderChecksum.into());
    }
    let name = name(&block)?;
    let refuse = |fault| TarballError::new(name.escape_ascii(), fault);
    parse(&block, &name, folder).map(Some).map_err(refuse)
}

fn block(tar: &mut impl Read) -> Result<Block, TarballFault> {
    let mut block = [0; BLOCK];
    tar.read_exact(&mut block).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => TarballFault::CutShort,
        _ => TarballFault::Unreadable(error),
    })?;
    Ok(block)
}

fn parse(block: &Block, name: &[u8], folder: &'static str) -> Result<TarEntry, TarballFault> {
    if MAGIC.of(block) != b"ustar\x0000" {
        return Err(TarballFault::Header { field: MAGIC.name });
    }
    if block[KIND] != b'0' {
        return Err(TarballFault::NotAFile { kind: block[KIND] });
    }
    for blank in BLANK {
        if blank.of(block).iter().any(|byte| *byte != 0) {
            return Err(TarballFault::Header { field: blank.name });
        }
    }
    for zero in [&OWNER, &GROUP, &DEVICE[0], &DEVICE[1]] {
        if number(block, zero)? != 0 {
            return Err(TarballFault::Header { field: zero.name });
        }
    }
    let mode = match number(block, &MODE)? {
        0o644 => TarMode::Plain,
        0o755 => TarMode::Executable,
        mode => return Err(TarballFault::Mode { mode }),
    };
    let below = name
        .strip_prefix(folder.as_bytes())
        .and_then(|rest| rest.strip_prefix(b"/"))
        .ok_or(TarballFault::NotBelow { folder })?;
    let path = ArchivePath::try_from(below).map_err(TarballFault::UnsafePath)?;
    Ok(TarEntry {
        path,
        mode,
        size: number(block, &SIZE)?,
        time: number(block, &TIME)?,
    })
}

/// The whole path: prefix and name.
fn name(block: &Block) -> Result<Vec<u8>, TarballFault> {
    let (prefix, name) = (text(block, &PREFIX)?, text(block, &NAME)?);
    Ok(if prefix.is_empty() {
        name.to_vec()
    } else {
        [prefix, b"/", name].concat()
    })
}

/// A text that ends at the field's end or at a NUL with nothing but NULs after it.
fn text<'a>(block: &'a Block, field: &Field) -> Result<&'a [u8], TarballFault> {
    let bytes = field.of(block);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, rest) = bytes.split_at(end);
    if rest.iter().all(|byte| *byte == 0) {
        Ok(text)
    } else {
        Err(TarballFault::Header { field: field.name })
    }
}

/// An octal number with NULs or blanks around it; an empty field is 0. The binary form for large sizes is refused.
fn number(block: &Block, field: &Field) -> Result<u64, TarballFault> {
    let bytes = field.of(block);
    let blank = |byte: &u8| matches!(byte, 0 | b' ');
    let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    let invalid = || TarballFault::Header { field: field.name };
    if !rest.iter().all(blank) || !digits.iter().all(|digit| matches!(digit, b'0'..=b'7')) {
        return Err(invalid());
    }
    // At most twelve digits of three bits: no overflow.
    Ok(digits
        .iter()
        .fold(0, |number, digit| number << 3 | u64::from(digit - b'0')))
}

/// The sum of the header's bytes with the checksum's own field taken for blanks.
fn checksum(block: &Block) -> u64 {
    let own = CHECKSUM.start..CHECKSUM.start + CHECKSUM.length;
    let byte = |(at, byte): (usize, &u8)| u64::from(if own.contains(&at) { b' ' } else { *byte });
    block.iter().enumerate().map(byte).sum()
}

impl Field {
    fn of<'a>(&self, block: &'a Block) -> &'a [u8] {
        &block[self.start..self.start + self.length]
    }
}
