//! The code signature in a program: whether it is of these bytes, and by whose certificate. Whether that certificate is
//! trusted, the operating system decides.

mod apple;
mod authenticode;
mod cms;

use object::FileKind;

/// The signature of a program whose bytes it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramSignature {
    /// There is none.
    Absent,
    /// Digests of the bytes, and no certificate.
    AdHoc,
    /// With a certificate of this subject.
    Certified(String),
}

/// Reads and checks the signature. The error says why it is not one of these bytes.
pub fn read(program: &[u8]) -> Result<ProgramSignature, String> {
    match FileKind::parse(program) {
        Ok(FileKind::MachO64) => apple::read(program),
        Ok(FileKind::Pe64) => authenticode::read(program),
        // Programs for Linux have none, and what is not a program is refused elsewhere.
        _ => Ok(ProgramSignature::Absent),
    }
}

/// The part of a file at an offset, or why there is none.
fn part<'a>(bytes: &'a [u8], at: usize, length: usize, name: &str) -> Result<&'a [u8], String> {
    at.checked_add(length)
        .and_then(|end| bytes.get(at..end))
        .ok_or_else(|| format!("its {name} is beyond the end"))
}
