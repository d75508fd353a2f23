//! An entry's content, inflated in fixed blocks, counted and checked while it is: no header is believed.

use std::io::{Read, Seek, SeekFrom, Write};

use flate2::{Decompress, FlushDecompress, Status};

use super::{Entry, Fault, Method};

/// As large as deflate's window twice over; larger blocks were measured to be no faster.
const BLOCK: usize = 64 << 10;

/// The buffers and the inflater, kept from one entry to the next.
pub(super) struct Inflater {
    deflate: Decompress,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            deflate: Decompress::new(false),
            input: vec![0; BLOCK],
            output: vec![0; BLOCK],
        }
    }
}

impl Inflater {
    /// Writes an entry's content. On an error the writer may have got a part of it.
    pub fn copy(
        &mut self,
        source: &mut (impl Read + Seek),
        entry: &Entry,
        writer: &mut dyn Write,
    ) -> Result<(), Fault> {
        source
            .seek(SeekFrom::Start(entry.data_offset))
            .map_err(Fault::Io)?;
        let mut data = source.take(entry.compressed);
        let mut output = CountedEntry {
            entry,
            writer,
            crc: crc32fast::Hasher::new(),
            bytes: 0,
        };
        match entry.method {
            Method::Stored => self.stored(&mut data, &mut output)?,
            Method::Deflate => self.inflate(&mut data, &mut output)?,
        }
        output.finish()
    }

    fn stored(&mut self, data: &mut impl Read, output: &mut CountedEntry<'_>) -> Result<(), Fault> {
        loop {
            match fill(data, &mut self.input)? {
                0 => return Ok(()),
                count => output.write(&self.input[..count])?,
            }
        }
    }

    fn inflate(&mut self, data: &mut impl Read, output: &mut CountedEntry<'_>) -> Result<(), Fault> {
        self.deflate.reset(false);
        let (mut start, mut end) = (0, 0);
        loop {
            if start == end {
                (start, end) = (0, fill(data, &mut self.input)?);
            }
            let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
            let status =
                self.deflate
                    .decompress(&self.input[start..end], &mut self.output, FlushDecompress::None);
            let status = status.map_err(|_| Fault::CorruptData)?;
            let consumed = (self.deflate.total_in() - read) as usize;
            let produced = (self.deflate.total_out() - written) as usize;
            start += consumed;
            output.write(&self.output[..produced])?;
            if status == Status::StreamEnd {
                let rest = start != end || fill(data, &mut self.input)? != 0;
                return if rest { Err(Fault::TrailingData) } else { Ok(()) };
            }
            if consumed == 0 && produced == 0 {
                return Err(Fault::CorruptData);
            }
        }
    }
}

fn fill(data: &mut impl Read, block: &mut [u8]) -> Result<usize, Fault> {
    loop {
        match data.read(block) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result.map_err(Fault::Io),
        }
    }
}

/// Counts and checks what goes through to the writer, which never gets more than the header says.
struct CountedEntry<'a> {
    entry: &'a Entry,
    writer: &'a mut dyn Write,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl CountedEntry<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.entry.size {
            return Err(Fault::SizeMismatch {
                declared: self.entry.size,
                more: true,
            });
        }
        self.crc.update(bytes);
        self.writer.write_all(bytes).map_err(Fault::Io)
    }

    fn finish(self) -> Result<(), Fault> {
        if self.bytes != self.entry.size {
            return Err(Fault::SizeMismatch {
                declared: self.entry.size,
                more: false,
            });
        }
        let (declared, found) = (self.entry.crc, self.crc.finalize());
        if declared == found {
            Ok(())
        } else {
            Err(Fault::ChecksumMismatch { declared, found })
        }
    }
}
