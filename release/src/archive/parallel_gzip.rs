//! One gzip member, deflated in blocks by several threads.
//!
//! Each block is deflated with the last 32 KiB before it as its dictionary and ends on a byte boundary, as pigz does
//! it, so that the blocks put together are one plain deflate stream. The blocks do not depend on the number of
//! threads: the same input gives the same bytes on every machine. Format: RFC 1951 and 1952.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Small enough to keep two threads busy with ten megabytes, large enough that the five bytes that end a block
/// and the lost history cost less than 0.1 % (measured on native code and on JavaScript).
const BLOCK: usize = 512 << 10;

/// How far back deflate refers.
const WINDOW: usize = 32 << 10;

/// Beside npm's level 9, a program comes out 1 % larger and JavaScript 1.5 %, in a third of the processor time.
const LEVEL: u32 = 6;

/// A block that shrinks to a fifth repeats itself, and much of that lies further back than level 6
/// looks: a tree of files of 24 KiB that differ in a few lines comes out four times as large as npm's.
const REPETITIVE: usize = 5;

/// Looking further costs little where long repetitions are found. Neither level is the smaller one for all trees.
const THOROUGH: [u32; 2] = [8, 9];

/// No name, no time, no operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

pub(super) struct ParallelGzip<W: Write> {
    output: W,
    block: Vec<u8>,
    /// The end of the block before, for the next one's dictionary.
    history: Vec<u8>,
    checksum: Hasher,
    length: u64,
    pool: Pool,
    /// Blocks that the pool has not finished, in the order of the output.
    pending: VecDeque<Receiver<io::Result<Vec<u8>>>>,
}

impl<W: Write> ParallelGzip<W> {
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(&HEADER)?;
        Ok(ParallelGzip {
            output,
            block: Vec::with_capacity(BLOCK),
            history: Vec::new(),
            checksum: Hasher::new(),
            length: 0,
            pool: Pool::start(thread::available_parallelism().map_or(1, NonZero::get))?,
            pending: VecDeque::new(),
        })
    }

    /// Ends the member and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.submit(FlushCompress::Finish)?;
        while !self.pending.is_empty() {
            self.write_oldest()?;
        }
        self.output.write_all(&self.checksum.finalize().to_le_bytes())?;
        // The format has room for the length modulo 2^32.
        let length = (self.length & u64::from(u32::MAX)) as u32;
        self.output.write_all(&length.to_le_bytes())?;
        Ok(self.output)
    }

    fn submit(&mut self, flush: FlushCompress) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let history = block[block.len().saturating_sub(WINDOW)..].to_vec();
        let dictionary = std::mem::replace(&mut self.history, history);
        while self.pending.len() >= 2 * self.pool.threads() {
            self.write_oldest()?;
        }
        self.pending.push_back(self.pool.submit(Job {
            block,
            dictionary,
            flush,
        })?);
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(deflated) = self.pending.pop_front() else {
            return Ok(());
        };
        let deflated = deflated
            .recv()
            .map_err(|_| io::Error::other("a thread that deflates has died"))??;
        self.output.write_all(&deflated)
    }
}

impl<W: Write> Write for ParallelGzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.submit(FlushCompress::Sync)?;
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        self.checksum.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    /// Nothing is forced out: where blocks end must not depend on who flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Job {
    block: Vec<u8>,
    dictionary: Vec<u8>,
    flush: FlushCompress,
}

type Assigned = (Job, Sender<io::Result<Vec<u8>>>);

/// Threads that deflate; they end when the pool is dropped.
struct Pool {
    jobs: Option<Sender<Assigned>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    fn start(count: usize) -> io::Result<Pool> {
        let (jobs, assigned) = channel::<Assigned>();
        let assigned = Arc::new(Mutex::new(assigned));
        let work = |_| {
            let assigned = Arc::clone(&assigned);
            thread::Builder::new().name("deflate".to_owned()).spawn(move || {
                loop {
                    let next = assigned.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, answer)) = next else { return };
                    // Nobody waits for the answer once the archive is given up.
                    let _ = answer.send(deflate(&job));
                }
            })
        };
        let threads = (0..count).map(work).collect::<io::Result<_>>()?;
        Ok(Pool {
            jobs: Some(jobs),
            threads,
        })
    }

    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn submit(&self, job: Job) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
        let (answer, answered) = channel();
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send((job, answer)).is_ok());
        if sent {
            Ok(answered)
        } else {
            Err(io::Error::other("the threads that deflate have died"))
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn deflate(job: &Job) -> io::Result<Vec<u8>> {
    let mut smallest = deflate_at(LEVEL, job)?;
    if smallest.len() * REPETITIVE < job.block.len() {
        for level in THOROUGH {
            let deflated = deflate_at(level, job)?;
            if deflated.len() < smallest.len() {
                smallest = deflated;
            }
        }
    }
    Ok(smallest)
}

fn deflate_at(level: u32, job: &Job) -> io::Result<Vec<u8>> {
    let mut stream = Compress::new(Compression::new(level), false);
    if !job.dictionary.is_empty() {
        stream.set_dictionary(&job.dictionary).map_err(io::Error::other)?;
    }
    let mut deflated = Vec::with_capacity(job.block.len() / 2 + 64);
    loop {
        let rest = &job.block[usize::try_from(stream.total_in()).unwrap_or(usize::MAX)..];
        let status = stream
            .compress_vec(rest, &mut deflated, job.flush)
            .map_err(io::Error::other)?;
        let room_left = deflated.len() < deflated.capacity();
        match (status, job.flush) {
            (Status::StreamEnd, _) => return Ok(deflated),
            // A flush is complete only when there was room to spare.
            (_, FlushCompress::Sync) if room_left => return Ok(deflated),
            _ => deflated.reserve(64 << 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;

    use super::*;

    fn gzip(bytes: &[u8], chunk: usize, threads: usize) -> Vec<u8> {
        let mut gzip = ParallelGzip::new(Vec::new()).expect("memory can be written");
        gzip.pool = Pool::start(threads).expect("threads can be started");
        for part in bytes.chunks(chunk) {
            gzip.write_all(part).expect("memory can be written");
        }
        gzip.finish().expect("memory can be written")
    }

    /// Bytes that neither repeat soon nor defy compression.
    fn text(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut step = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abcdefgh"[(state >> 29) as usize]
        };
        (0..length).map(|_| step()).collect()
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut step = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..length).map(|_| step()).collect()
    }

    #[track_caller]
    fn check(bytes: &[u8]) {
        let packed = gzip(bytes, 1 << 20, 2);
        let mut unpacked = Vec::new();
        let mut decoder = GzDecoder::new(packed.as_slice());
        decoder.read_to_end(&mut unpacked).expect("one whole member");
        assert!(unpacked == bytes, "{} bytes", bytes.len());
        assert!(decoder.into_inner().is_empty(), "nothing follows the one member");
        assert!(
            gzip(bytes, 4093, 1) == packed,
            "neither threads nor the size of writes count"
        );
        assert!(
            gzip(bytes, 1 << 20, 5) == packed,
            "neither threads nor the size of writes count"
        );
    }

    #[test]
    fn any_input_gives_one_member_and_the_same_bytes_from_any_number_of_threads() {
        for length in [
            0,
            1,
            WINDOW,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            3 * BLOCK,
            3 * BLOCK + 7,
        ] {
            check(&text(length));
        }
        check(&noise(2 * BLOCK + 5));
        check(&vec![0; 4 * BLOCK]);
    }

    #[test]
    fn blocks_share_their_history() {
        let phrase = noise(WINDOW / 2);
        let bytes = phrase.repeat(4 * BLOCK / phrase.len());
        let packed = gzip(&bytes, 1 << 20, 2).len();
        // Once the phrase, and two or three bytes for each of the 8,128 matches.
        assert!(
            packed < 4 * phrase.len(),
            "{packed} bytes: the phrase is in it more than once"
        );
    }

    #[test]
    fn what_repeats_far_back_with_small_changes_is_found() {
        let source = [include_str!("parallel_gzip.rs"), include_str!("tar_gz.rs")].concat();
        let mut bytes = Vec::new();
        for copy in 0..200 {
            let mut file = source.clone().into_bytes();
            for change in 0..20 {
                let place = (change * 1009 + copy * 101) % file.len();
                file[place] = b'0' + (copy % 10) as u8;
            }
            bytes.extend(file);
        }
        let mut best = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        best.write_all(&bytes).expect("memory can be written");
        let best = best.finish().expect("memory can be written").len();
        let packed = gzip(&bytes, 1 << 20, 2).len();
        assert!(
            packed * 100 < best * 103,
            "{packed} bytes, {best} at the best level in one piece"
        );
    }

    #[test]
    fn an_output_that_is_full_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if bytes.len() == HEADER.len() {
                    Ok(bytes.len())
                } else {
                    Err(io::ErrorKind::StorageFull.into())
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gzip = ParallelGzip::new(Full).expect("the header fits");
        let written = gzip
            .write_all(&noise(20 * BLOCK))
            .and_then(|()| gzip.finish().map(drop));
        assert_eq!(
            written.expect_err("nothing else fits").kind(),
            io::ErrorKind::StorageFull
        );
    }
}
