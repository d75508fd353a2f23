//! A child that is watched: its output is streamed, a signal to this process ends it with all its children, and so does
//! silence.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::platform::{ProcessTree, prepare_supervised};
use crate::{Interrupt, Interrupted};

/// How often a waiting loop looks at the interrupt. The end of a child is seen at once: its output ends.
const TICK: Duration = Duration::from_millis(25);
/// How long a child that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long output may stay open after the child itself has ended.
const LINGER: Duration = Duration::from_millis(500);

/// Where a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// What bounds a child.
pub struct Supervision<'a> {
    interrupt: &'a Interrupt,
    silence: Option<(Duration, &'a mut dyn FnMut() -> bool)>,
}

impl<'a> Supervision<'a> {
    /// No bound but the interrupt.
    pub fn new(interrupt: &'a Interrupt) -> Supervision<'a> {
        Supervision {
            interrupt,
            silence: None,
        }
    }

    /// The child may write nothing for this long, unless `grows` says that what it works on has grown since it was
    /// last asked.
    #[must_use]
    pub fn silent_for_at_most(self, limit: Duration, grows: &'a mut dyn FnMut() -> bool) -> Supervision<'a> {
        Supervision {
            silence: Some((limit, grows)),
            ..self
        }
    }
}

/// Why a child did not run to its end. In each case the child and its own children are gone.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("no output and no progress for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("{0}")]
    Spawn(#[source] io::Error),
}

/// Runs a command to its end, handing its output to `output` as it comes.
///
/// # Errors
/// [`ProcessError`]; a child that exits with a failure is not an error.
pub fn run(
    mut command: Command,
    stdin: Option<Vec<u8>>,
    supervision: Supervision<'_>,
    output: &mut dyn FnMut(Stream, &[u8]),
) -> Result<ExitStatus, ProcessError> {
    let interrupt = supervision.interrupt;
    interrupt.check()?;
    prepare_supervised(&mut command);
    command.stdin(if stdin.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ProcessError::Spawn)?;
    let tree = ProcessTree::of(&child);
    let (sender, pieces) = channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, Stream::Stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, Stream::Stderr, sender);
    }
    if let (Some(bytes), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // An error here is a child that does not read to the end; its exit tells more.
        std::thread::spawn(move || pipe.write_all(&bytes));
    }
    let watched = watch(&mut child, &pieces, supervision, output);
    if watched.is_err() {
        end(&mut child, &tree, interrupt);
    }
    watched
}

fn forward(mut pipe: impl Read + Send + 'static, stream: Stream, sender: Sender<(Stream, Vec<u8>)>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(count) = pipe.read(&mut buffer) {
            if count == 0 || sender.send((stream, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
}

fn watch(
    child: &mut Child,
    pieces: &Receiver<(Stream, Vec<u8>)>,
    mut supervision: Supervision<'_>,
    output: &mut dyn FnMut(Stream, &[u8]),
) -> Result<ExitStatus, ProcessError> {
    let started = Instant::now();
    let mut quiet_since = started;
    let mut looked_at = started;
    let mut exited: Option<Instant> = None;
    loop {
        match pieces.recv_timeout(TICK) {
            Ok((stream, bytes)) => {
                quiet_since = Instant::now();
                output(stream, &bytes);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if exited.is_some_and(|at| at.elapsed() > LINGER) {
                    break;
                }
                if exited.is_none() && child.try_wait().map_err(ProcessError::Spawn)?.is_some() {
                    exited = Some(Instant::now());
                }
            }
        }
        supervision.interrupt.check()?;
        if let Some((limit, grows)) = &mut supervision.silence {
            let limit = *limit;
            // Looking for growth walks directories, so it is done a few times per limit and only in silence.
            if quiet_since.elapsed() > limit / 8 && looked_at.elapsed() > limit / 8 {
                looked_at = Instant::now();
                if grows() {
                    quiet_since = Instant::now();
                }
            }
            if quiet_since.elapsed() > limit {
                return Err(ProcessError::Silent(limit));
            }
        }
    }
    // Its output has ended, so the child has ended or is about to.
    loop {
        if let Some(status) = child.try_wait().map_err(ProcessError::Spawn)? {
            return Ok(status);
        }
        supervision.interrupt.check()?;
        if let Some((limit, _)) = supervision.silence
            && quiet_since.elapsed() > limit
        {
            return Err(ProcessError::Silent(limit));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Asks, then kills: after [`GRACE`], or at once after a second signal. The child is reaped afterwards.
fn end(child: &mut Child, tree: &ProcessTree, interrupt: &Interrupt) {
    tree.terminate();
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && !interrupt.is_insistent() {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    tree.kill();
    let _ = child.kill();
    let _ = child.wait();
}
