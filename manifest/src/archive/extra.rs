//! Extra fields: only such as carry times and owners are let through, since others change names, sizes or content for
//! the readers that know them.

use super::Fault;
use super::fields::Fields;

const ZIP64: u16 = 0x0001;
/// Extended timestamp, Info-ZIP's Unix owner in its two forms, and NTFS times.
const HARMLESS: [u16; 4] = [0x5455, 0x5855, 0x7875, 0x000a];

pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut fields = Fields::new(bytes, "extra field");
    while !fields.is_empty() {
        let (id, length) = (fields.u16()?, fields.u16()?);
        fields.take(length.into())?;
        match id {
            ZIP64 => return Err(Fault::Zip64),
            id if HARMLESS.contains(&id) => {}
            id => return Err(Fault::ExtraField { id }),
        }
    }
    Ok(())
}
