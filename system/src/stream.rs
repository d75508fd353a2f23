//! Writing all bytes to a stream that may be a full disk, a pipe nobody reads, or one that does not block.

use std::io::{self, Write};

/// Writes and flushes everything. A stream that would block is waited for.
pub fn write_all(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) => again(error)?,
        }
    }
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) => again(error)?,
        }
    }
}

/// Waits when that helps.
fn again(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => {
            // The stream is stdout or stderr; a poll of either would need to know which. A full pipe is drained in
            // milliseconds, or its reader is slow anyway.
            std::thread::sleep(std::time::Duration::from_millis(2));
            Ok(())
        }
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::write_all;

    /// Takes three bytes, then would block, is interrupted, and takes three again; fails for good at `limit`.
    struct Hesitant {
        taken: Vec<u8>,
        turn: usize,
        limit: usize,
    }

    impl Write for Hesitant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.turn += 1;
            match self.turn % 3 {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                1 => Err(io::ErrorKind::Interrupted.into()),
                _ if self.taken.len() >= self.limit => Err(io::ErrorKind::StorageFull.into()),
                _ => {
                    let length = bytes.len().min(3);
                    self.taken.extend_from_slice(&bytes[..length]);
                    Ok(length)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.turn += 1;
            match self.turn % 2 {
                0 => Ok(()),
                _ => Err(io::ErrorKind::WouldBlock.into()),
            }
        }
    }

    #[test]
    fn a_stream_that_would_block_gets_every_byte_and_a_full_one_fails() {
        let text = b"every byte of this";
        for (limit, kind) in [(usize::MAX, None), (6, Some(io::ErrorKind::StorageFull))] {
            let mut stream = Hesitant {
                taken: Vec::new(),
                turn: 0,
                limit,
            };
            let written = write_all(&mut stream, text);
            assert_eq!(written.err().map(|error| error.kind()), kind);
            assert_eq!(stream.taken, &text[..limit.min(text.len())]);
        }
    }

    /// Keeps what it is given and loses it in the end, as a buffer does before a full disk.
    struct Keeps;

    impl Write for Keeps {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_last_flush_that_fails_is_an_error() {
        for text in [b"no last line end".as_slice(), b"a line\n", b""] {
            let written = write_all(&mut Keeps, text);
            assert_eq!(
                written.err().map(|error| error.kind()),
                Some(io::ErrorKind::StorageFull)
            );
        }
    }
}
