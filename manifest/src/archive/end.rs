//! The end of central directory record: exactly one, exactly at the end of the file, without Zip64.

use std::io::{Read, Seek, SeekFrom};

use super::fields::Fields;
use super::{Fault, Limits};

const SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const ZIP64_LOCATOR_SIZE: usize = 20;
const SIZE: usize = 22;
/// Readers look for an end record in as many bytes as the record and its longest comment have.
const SEARCHED: u64 = SIZE as u64 + u16::MAX as u64;

/// Where the central directory is.
pub(super) struct EndRecord {
    pub entries: u16,
    pub directory_offset: u64,
    pub directory_size: u64,
}

/// Reads the record of an archive of `length` bytes.
pub(super) fn read(
    source: &mut (impl Read + Seek),
    length: u64,
    limits: &Limits,
) -> Result<EndRecord, Fault> {
    let tail_length = length.min(SEARCHED);
    let mut tail = Vec::new();
    source
        .seek(SeekFrom::Start(length - tail_length))
        .map_err(Fault::Io)?;
    source
        .take(tail_length)
        .read_to_end(&mut tail)
        .map_err(Fault::Io)?;
    if tail.len() as u64 != tail_length {
        return Err(Fault::NoEndRecord);
    }
    let end = tail.len().checked_sub(SIZE).ok_or(Fault::NoEndRecord)?;
    let tail_offset = length - tail_length;
    if tail[end..end + 4] != SIGNATURE {
        return Err(misplaced(&tail));
    }
    let record = parse(&tail[end..])?;
    if record.directory_offset + record.directory_size != tail_offset + end as u64 {
        return Err(Fault::DirectoryBounds);
    }
    if ends_with_locator(&tail[..end]) {
        return Err(Fault::Zip64);
    }
    if let Some(earlier) = second_record(&tail[..end], tail_offset) {
        return Err(Fault::SecondEndRecord { offset: earlier });
    }
    if record.directory_size > limits.directory_bytes {
        let (found, limit) = (record.directory_size, limits.directory_bytes);
        return Err(Fault::TooLarge {
            what: "central directory",
            found,
            limit,
        });
    }
    if u64::from(record.entries) > limits.entries {
        let (found, limit) = (u64::from(record.entries), limits.entries);
        return Err(Fault::TooLarge {
            what: "number of entries",
            found,
            limit,
        });
    }
    Ok(record)
}

fn parse(bytes: &[u8]) -> Result<EndRecord, Fault> {
    let mut fields = Fields::new(bytes, "end record");
    fields.signature(SIGNATURE)?;
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let (entries_here, entries) = (fields.u16()?, fields.u16()?);
    let (directory_size, directory_offset) = (fields.u32()?, fields.u32()?);
    let comment = fields.u16()?;
    let sentinel = [disk, directory_disk, entries_here, entries].contains(&u16::MAX)
        || [directory_size, directory_offset].contains(&u32::MAX);
    if sentinel {
        return Err(Fault::Zip64);
    }
    if disk != 0 || directory_disk != 0 || entries_here != entries {
        return Err(Fault::MultiDisk);
    }
    if comment != 0 {
        return Err(Fault::Comment);
    }
    Ok(EndRecord {
        entries,
        directory_offset: directory_offset.into(),
        directory_size: directory_size.into(),
    })
}

/// Why there is no record at the end: bytes after it, a comment, or no record at all.
fn misplaced(tail: &[u8]) -> Fault {
    let Some(offset) = tail
        .windows(SIZE)
        .rposition(|window| window.starts_with(&SIGNATURE))
    else {
        return Fault::NoEndRecord;
    };
    let after = (tail.len() - offset - SIZE) as u64;
    let comment = u64::from(u16::from_le_bytes([tail[offset + 20], tail[offset + 21]]));
    if comment == after {
        Fault::Comment
    } else {
        Fault::TrailingBytes { bytes: after }
    }
}

/// An earlier record that a reader could take for the real one, because the directory it points at is before it and
/// its comment ends within the file.
///
/// The signature alone proves nothing: compressed data has it by chance about once in 65,000 archives.
fn second_record(before: &[u8], offset: u64) -> Option<u64> {
    let plausible = |at: &usize| {
        let window = &before[*at..];
        let at = offset + *at as u64;
        let comment_fits = |comment: u16| usize::from(comment) <= window.len();
        let mut fields = Fields::new(&window[12..SIZE], "end record");
        let numbers = (fields.u32(), fields.u32(), fields.u16());
        let (Ok(size), Ok(start), Ok(comment)) = numbers else {
            return false;
        };
        u64::from(size) + u64::from(start) <= at && comment_fits(comment)
    };
    let signatures = before
        .windows(SIZE)
        .enumerate()
        .filter(|(_, window)| window.starts_with(&SIGNATURE));
    signatures
        .map(|(at, _)| at)
        .find(plausible)
        .map(|at| offset + at as u64)
}

/// Some readers always look for Zip64's locator before the record.
fn ends_with_locator(before: &[u8]) -> bool {
    let start = before.len().checked_sub(ZIP64_LOCATOR_SIZE);
    start.is_some_and(|start| before[start..].starts_with(&ZIP64_LOCATOR))
}
