//! Little-endian fields read one after the other from a header. Knows no header.

use super::Fault;

/// What is left of a header. Reading past its end is [`Fault::Malformed`] with the header's name.
pub(super) struct Fields<'a> {
    left: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { left: bytes, what }
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            return Err(Fault::Malformed { what: self.what });
        };
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let what = self.what;
        self.take(N)?.try_into().map_err(|_| Fault::Malformed { what })
    }

    pub fn u16(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn signature(&mut self, expected: [u8; 4]) -> Result<(), Fault> {
        let what = self.what;
        if self.array()? == expected {
            Ok(())
        } else {
            Err(Fault::Malformed { what })
        }
    }
}
