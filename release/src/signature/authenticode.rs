//! The signature of a program for Windows: a table of certificates at its end, with CMS that has the digest of the rest.
//!
//! Format: [Authenticode]. The digest leaves out what signing changes: the checksum, the place of the table, the table.
//!
//! [Authenticode]: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-attribute-certificate-table-image-only

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use object::pe::{IMAGE_DIRECTORY_ENTRY_SECURITY, ImageDataDirectory, ImageDosHeader};
use ring::digest::{Context, SHA256};
use spki::AlgorithmIdentifierRef;

use super::{ProgramSignature, cms, part};

/// `SPC_INDIRECT_DATA_OBJID`
const INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");

/// From the signature of the headers: the optional header, in it the checksum and the directories of data.
const OPTIONAL_HEADER: usize = 24;
const CHECKSUM: usize = OPTIONAL_HEADER + 64;
const DIRECTORIES: usize = OPTIONAL_HEADER + 112;

/// `WIN_CERT_REVISION_2_0` and `WIN_CERT_TYPE_PKCS_SIGNED_DATA`, as they follow each other.
const ENTRY_KIND: [u8; 4] = [0, 2, 2, 0];

pub fn read(program: &[u8]) -> Result<ProgramSignature, String> {
    let headers =
        ImageDosHeader::parse(program).map_err(|error| format!("its header is damaged: {error}"))?;
    let headers = headers.nt_headers_offset() as usize;
    let entry = DIRECTORIES + IMAGE_DIRECTORY_ENTRY_SECURITY * size_of::<ImageDataDirectory>();
    let entry = headers + entry;
    let (at, length) = (number(program, entry)?, number(program, entry + 4)?);
    if (at, length) == (0, 0) {
        return Ok(ProgramSignature::Absent);
    }
    if at.checked_add(length) != Some(program.len()) || at < entry {
        return Err("it does not end with its table of certificates".to_owned());
    }
    let table = part(program, at, length, "table of certificates")?;
    if number(table, 0)?.next_multiple_of(8) != length || table.get(4..8) != Some(&ENTRY_KIND) {
        return Err("its table of certificates is not one entry with CMS".to_owned());
    }
    let signed = part(
        table,
        8,
        number(table, 0)?.saturating_sub(8),
        "table of certificates",
    )?;
    let (content, signer) = cms::attached(signed, INDIRECT_DATA)?;
    let expected = stated(&content).map_err(|error| format!("its signature states no digest: {error}"))?;
    let mut digest = Context::new(&SHA256);
    for (from, to) in [
        (0, headers + CHECKSUM),
        (headers + CHECKSUM + 4, entry),
        (entry + 8, at),
    ] {
        digest.update(part(program, from, to - from, "header")?);
    }
    if digest.finish().as_ref() != expected {
        return Err("its code signature does not match its bytes".to_owned());
    }
    Ok(ProgramSignature::Certified(signer))
}

/// The digest in an `SpcIndirectDataContent`: what it is of, then the algorithm and the digest.
fn stated(content: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(content)?;
    AnyRef::decode(&mut reader)?;
    let digest = AnyRef::decode(&mut reader)?;
    reader.finish(())?;
    let mut reader = SliceReader::new(digest.value())?;
    AlgorithmIdentifierRef::decode(&mut reader)?;
    let digest = OctetStringRef::decode(&mut reader)?;
    reader.finish(digest.as_bytes())
}

fn number(bytes: &[u8], at: usize) -> Result<usize, String> {
    let bytes = part(bytes, at, 4, "header")?;
    let number = bytes
        .iter()
        .rev()
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Ok(number as usize)
}
