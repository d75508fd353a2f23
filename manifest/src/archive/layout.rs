//! Local headers, and the claim that the entries fill the file from its first byte to the central directory, without a
//! gap and without an overlap.

use std::io::{Read, Seek, SeekFrom};

use super::central::{DESCRIPTOR_FLAG, Header, Shared};
use super::fields::Fields;
use super::{ArchiveError, Entry, Fault, extra};

const SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR_SIGNATURE: [u8; 4] = *b"PK\x07\x08";
const FIXED_SIZE: usize = 30;
const DESCRIPTOR_SIZE: usize = 16;

/// Checks every local header and gives the entries with the place of their data, in the order of the central
/// directory.
pub(super) fn read(
    source: &mut (impl Read + Seek),
    headers: Vec<Header>,
    directory_offset: u64,
) -> Result<Vec<Entry>, ArchiveError> {
    let mut order = (0..headers.len()).collect::<Vec<_>>();
    order.sort_by_key(|index| headers[*index].local_offset);
    let mut entries = headers
        .iter()
        .map(|header| header.entry.clone())
        .collect::<Vec<_>>();
    let mut position = 0;
    for index in order {
        let header = &headers[index];
        let refuse = |fault| ArchiveError::new(&header.entry.name(), fault);
        adjoins(position, header.local_offset).map_err(refuse)?;
        let (data_offset, end) = local(source, header, directory_offset).map_err(refuse)?;
        entries[index].data_offset = data_offset;
        position = end;
    }
    adjoins(position, directory_offset)?;
    Ok(entries)
}

fn adjoins(end: u64, next: u64) -> Result<(), Fault> {
    match end.cmp(&next) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(Fault::Gap { from: end, to: next }),
        std::cmp::Ordering::Greater => Err(Fault::Overlap { offset: next }),
    }
}

/// Where the entry's data begins and where the entry ends.
fn local(
    source: &mut (impl Read + Seek),
    header: &Header,
    directory_offset: u64,
) -> Result<(u64, u64), Fault> {
    let what = "local header";
    let fixed = bytes_at(source, header.local_offset, FIXED_SIZE, what)?;
    let mut fields = Fields::new(&fixed, what);
    fields.signature(SIGNATURE)?;
    let shared = Shared::parse(&mut fields)?;
    let (name_length, extra_length) = (usize::from(fields.u16()?), usize::from(fields.u16()?));
    agree(&header.shared, &shared)?;
    let variable = bytes_at(
        source,
        header.local_offset + FIXED_SIZE as u64,
        name_length + extra_length,
        what,
    )?;
    let (name, extra) = variable.split_at(name_length);
    if name != header.name {
        return Err(Fault::HeaderDisagreement { field: "name" });
    }
    extra::check(extra)?;

    let data_offset = header.local_offset + (FIXED_SIZE + variable.len()) as u64;
    let data_end = data_offset + header.entry.compressed;
    let described = header.shared.flags & DESCRIPTOR_FLAG != 0;
    let end = if described {
        data_end + DESCRIPTOR_SIZE as u64
    } else {
        data_end
    };
    if end > directory_offset {
        return Err(Fault::Overlap {
            offset: directory_offset,
        });
    }
    if described {
        descriptor(
            &bytes_at(source, data_end, DESCRIPTOR_SIZE, "data descriptor")?,
            &header.shared,
        )?;
    }
    Ok((data_offset, end))
}

/// The two headers must say the same. With a data descriptor the local one may leave checksum and sizes at zero.
fn agree(central: &Shared, local: &Shared) -> Result<(), Fault> {
    let blank = local.flags & DESCRIPTOR_FLAG != 0 && (local.crc, local.compressed, local.size) == (0, 0, 0);
    let disagreements = [
        ("version needed", central.version_needed != local.version_needed),
        ("flags", central.flags != local.flags),
        ("method", central.method != local.method),
        ("time", (central.time, central.date) != (local.time, local.date)),
        ("checksum", !blank && central.crc != local.crc),
        (
            "compressed size",
            !blank && central.compressed != local.compressed,
        ),
        ("size", !blank && central.size != local.size),
    ];
    match disagreements.into_iter().find(|(_, disagree)| *disagree) {
        Some((field, _)) => Err(Fault::HeaderDisagreement { field }),
        None => Ok(()),
    }
}

/// Only the form with a signature is taken: without one, readers have to guess.
fn descriptor(bytes: &[u8], central: &Shared) -> Result<(), Fault> {
    let mut fields = Fields::new(bytes, "data descriptor");
    let right = fields.signature(DESCRIPTOR_SIGNATURE).is_ok()
        && (fields.u32()?, fields.u32()?, fields.u32()?) == (central.crc, central.compressed, central.size);
    if right { Ok(()) } else { Err(Fault::DataDescriptor) }
}

fn bytes_at(
    source: &mut (impl Read + Seek),
    offset: u64,
    count: usize,
    what: &'static str,
) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(count);
    source.seek(SeekFrom::Start(offset)).map_err(Fault::Io)?;
    source
        .take(count as u64)
        .read_to_end(&mut bytes)
        .map_err(Fault::Io)?;
    if bytes.len() == count {
        Ok(bytes)
    } else {
        Err(Fault::Malformed { what })
    }
}
