//! The signature of a Mach-O program: a superblob at its end, whose code directory has the digest of every page before it.
//!
//! Format: [cs_blobs.h] of XNU. Its numbers are big-endian.
//!
//! [cs_blobs.h]: https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h

use object::Endianness;
use object::macho::{LC_CODE_SIGNATURE, LinkeditDataCommand, MachHeader64};
use object::read::macho::MachHeader;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use super::{ProgramSignature, cms, part};

const SUPERBLOB: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
const CMS: u32 = 0xfade_0b01;

/// Slots of a superblob. Those up to the last special one have a digest in the code directory.
const SLOT_CODE_DIRECTORY: u32 = 0;
const SLOT_LAST_SPECIAL: u32 = 11;
const SLOT_ALTERNATE_DIRECTORIES: std::ops::Range<u32> = 0x1000..0x1005;
const SLOT_CMS: u32 = 0x1_0000;

/// `CS_HASHTYPE_SHA256`
const HASH_SHA256: u8 = 2;

/// The first version of a code directory with a limit of 64 bits.
const VERSION_LIMIT_64: u32 = 0x2_0300;

pub fn read(program: &[u8]) -> Result<ProgramSignature, String> {
    let Some((at, length)) = place(program).map_err(|error| format!("its header is damaged: {error}"))?
    else {
        return Ok(ProgramSignature::Absent);
    };
    if at.checked_add(length) != Some(program.len()) {
        return Err("it does not end with its code signature".to_owned());
    }
    let blobs = Superblob::read(part(program, at, length, "code signature")?)?;
    let primary = blobs
        .get(SLOT_CODE_DIRECTORY)
        .ok_or("its code signature has no code directory")?;
    CodeDirectory::read(primary)?.check(program, at, &blobs)?;
    for (_, alternate) in blobs
        .0
        .iter()
        .filter(|(slot, _)| SLOT_ALTERNATE_DIRECTORIES.contains(slot))
    {
        CodeDirectory::read(alternate)?.check(program, at, &blobs)?;
    }
    match blobs.get(SLOT_CMS).map(|blob| content(blob, CMS)).transpose()? {
        None | Some([]) => Ok(ProgramSignature::AdHoc),
        Some(signed) => cms::detached(signed, primary).map(ProgramSignature::Certified),
    }
}

/// Offset and length of the signature, as the load command has them.
fn place(program: &[u8]) -> object::Result<Option<(usize, usize)>> {
    let header = MachHeader64::<Endianness>::parse(program, 0)?;
    let endian = header.endian()?;
    let mut commands = header.load_commands(endian, program, 0)?;
    while let Some(command) = commands.next()? {
        if command.cmd() == LC_CODE_SIGNATURE {
            let data: &LinkeditDataCommand<Endianness> = command.data()?;
            return Ok(Some((
                data.dataoff.get(endian) as usize,
                data.datasize.get(endian) as usize,
            )));
        }
    }
    Ok(None)
}

/// The blobs of a signature by their slots.
struct Superblob<'a>(Vec<(u32, &'a [u8])>);

impl<'a> Superblob<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        if number(bytes, 0)? != SUPERBLOB {
            return Err("its code signature is not a superblob".to_owned());
        }
        let count = number(bytes, 8)? as usize;
        let index = part(bytes, 12, count.saturating_mul(8), "index of the code signature")?;
        let blob = |entry: &[u8]| {
            let (slot, at) = (number(entry, 0)?, number(entry, 4)? as usize);
            let length = number(bytes, at.saturating_add(4))? as usize;
            Ok((slot, part(bytes, at, length, "code signature")?))
        };
        index
            .chunks_exact(8)
            .map(blob)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn get(&self, wanted: u32) -> Option<&'a [u8]> {
        self.0
            .iter()
            .find(|(slot, _)| *slot == wanted)
            .map(|(_, blob)| *blob)
    }
}

/// What a blob has behind its magic number and its length.
fn content(blob: &[u8], magic: u32) -> Result<&[u8], String> {
    if number(blob, 0)? != magic {
        return Err("its code signature has a part of an unexpected kind".to_owned());
    }
    part(blob, 8, blob.len().saturating_sub(8), "code signature")
}

struct CodeDirectory<'a> {
    digests: &'a [u8],
    /// Before the digests of the pages, in reverse order.
    special: &'a [u8],
    /// The number of bytes that the digests are of.
    limit: usize,
    page: usize,
}

impl<'a> CodeDirectory<'a> {
    fn read(blob: &'a [u8]) -> Result<Self, String> {
        content(blob, CODE_DIRECTORY)?;
        let size = part(blob, 36, 4, "code directory")?;
        if size[0] as usize != SHA256_OUTPUT_LEN || size[1] != HASH_SHA256 {
            return Err("its code directory has other digests than SHA-256".to_owned());
        }
        let limit = match number(blob, 8)? >= VERSION_LIMIT_64 {
            true => u64::from(number(blob, 56)?) << 32 | u64::from(number(blob, 60)?),
            false => 0,
        };
        let limit = if limit == 0 {
            u64::from(number(blob, 32)?)
        } else {
            limit
        };
        let limit =
            usize::try_from(limit).map_err(|_| "its code directory is of more bytes than there are")?;
        let (at, special, pages) = (number(blob, 16)?, number(blob, 24)?, number(blob, 28)?);
        let page = 1_usize
            .checked_shl(u32::from(size[3]))
            .ok_or("its pages have no size")?;
        if page == 1 || limit.div_ceil(page) != pages as usize {
            return Err("its code directory has another number of pages than it has bytes for".to_owned());
        }
        let (at, special) = (at as usize, special as usize * SHA256_OUTPUT_LEN);
        let before = at.checked_sub(special).ok_or("its code directory is damaged")?;
        Ok(Self {
            digests: part(blob, at, pages as usize * SHA256_OUTPUT_LEN, "code directory")?,
            special: part(blob, before, special, "code directory")?,
            limit,
            page,
        })
    }

    /// Every byte before the signature is in a page of the right digest, and so is every part of the signature that has one.
    fn check(&self, program: &[u8], signature_at: usize, blobs: &Superblob<'_>) -> Result<(), String> {
        if self.limit != signature_at {
            return Err("its code signature is not of all the bytes before it".to_owned());
        }
        let pages = program[..self.limit].chunks(self.page);
        let mut digests = self.digests.chunks_exact(SHA256_OUTPUT_LEN);
        if let Some(page) = pages
            .into_iter()
            .position(|page| digests.next() != Some(sha256(page).as_ref()))
        {
            let at = page * self.page;
            return Err(format!(
                "its code signature does not match its bytes in the page at {at:#x}"
            ));
        }
        let special: Vec<&[u8]> = self.special.rchunks_exact(SHA256_OUTPUT_LEN).collect();
        for (slot, blob) in &blobs.0 {
            let is_digested = (1..=SLOT_LAST_SPECIAL).contains(slot);
            if is_digested && special.get(*slot as usize - 1) != Some(&sha256(blob).as_ref()) {
                return Err(format!("its code signature has another part in the slot {slot}"));
            }
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> ring::digest::Digest {
    digest(&SHA256, bytes)
}

fn number(bytes: &[u8], at: usize) -> Result<u32, String> {
    let bytes = part(bytes, at, 4, "code signature")?;
    Ok(bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
