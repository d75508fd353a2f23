//! One command, from start to end: its output, its exit, its deadline.
//!
//! Both pipes are read until they are closed, because a program that leaves a child holding its output would hang in
//! a shell script. Knows nothing about the expected output.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::family::{self, Family, Signal};

/// How often a wait checks whether the whole run was interrupted. Short enough for a person at a keyboard.
const GLANCE: Duration = Duration::from_millis(50);

/// How long output may stay open after the command itself has ended: long enough for a child that is just leaving.
const PIPE_GRACE: Duration = Duration::from_secs(3);

/// How long a killed process may take to be gone, pipes included.
const BURIAL: Duration = Duration::from_secs(5);

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exit(i32),
    Signal(i32),
    /// The deadline passed; the whole process tree was ended.
    Deadline(Duration),
    /// The command ended, but a process that it left holds its output open.
    PipeHeld,
    /// The run as a whole was interrupted.
    Interrupted,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct ProcessOutput {
    pub ended: Ended,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl ProcessOutput {
    /// What follows a label at the beginning of a line of stdout; nothing where there is no such line.
    pub fn value_of(&self, label: &str) -> &str {
        let mut lines = self.stdout.lines();
        lines
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_default()
    }
}

/// Asked again and again while something waits; true ends the wait.
pub type Interrupted<'a> = &'a (dyn Fn() -> bool + Sync);

/// A running command.
pub struct Running {
    pid: u32,
    started: Instant,
    exit: Receiver<std::io::Result<ExitStatus>>,
    stdout: Reading,
    stderr: Reading,
}

impl Running {
    /// Starts a command as the leader of its own process group, with `input` on its stdin.
    pub fn start(mut command: Command, input: Vec<u8>) -> std::io::Result<Running> {
        command
            .stdin(if input.is_empty() {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        family::lead_own_group(&mut command);
        let started = Instant::now();
        let mut child = command.spawn()?;
        feed(&mut child, input);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Ok(Running {
            pid: child.id(),
            started,
            stdout: Reading::of(stdout),
            stderr: Reading::of(stderr),
            exit: waiting(child),
        })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The command's output so far.
    pub fn stdout_so_far(&self) -> String {
        self.stdout.text()
    }

    /// The command's stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.text()
    }

    /// Waits until the command says that it is ready, by a sign on either of its outputs.
    pub fn says_within(&self, sign: &str, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if self.stdout_so_far().contains(sign) || self.stderr_so_far().contains(sign) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks a server to end, and kills it when it has not ended within `patience` from now.
    pub fn stop(self, how: Signal, patience: Duration, family: &Family, interrupted: Interrupted<'_>) {
        family::signal(self.pid, how);
        let deadline = self.started.elapsed() + patience;
        self.finish(deadline, family, interrupted);
    }

    /// Waits for the end, or kills it; the deadline counts from the start of the command.
    pub fn finish(self, deadline: Duration, family: &Family, interrupted: Interrupted<'_>) -> ProcessOutput {
        let ended = match self.wait(deadline, interrupted) {
            Waited::Ended(status) => self.drain(status, family, interrupted),
            Waited::TooLong => self.put_down(Ended::Deadline(deadline), family),
            Waited::Interrupted => self.put_down(Ended::Interrupted, family),
        };
        ProcessOutput {
            ended,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            elapsed: self.started.elapsed(),
        }
    }

    fn wait(&self, deadline: Duration, interrupted: Interrupted<'_>) -> Waited {
        loop {
            let left = deadline.saturating_sub(self.started.elapsed());
            match self.exit.recv_timeout(left.min(GLANCE)) {
                Ok(Ok(status)) => return Waited::Ended(status),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Waited::TooLong,
                Err(RecvTimeoutError::Timeout) if interrupted() => return Waited::Interrupted,
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Waited::TooLong,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn drain(&self, status: ExitStatus, family: &Family, interrupted: Interrupted<'_>) -> Ended {
        let until = Instant::now() + PIPE_GRACE;
        if self.stdout.closed_by(until, interrupted) && self.stderr.closed_by(until, interrupted) {
            ended(status)
        } else if interrupted() {
            self.put_down(Ended::Interrupted, family)
        } else {
            self.put_down(Ended::PipeHeld, family)
        }
    }

    fn put_down(&self, ended: Ended, family: &Family) -> Ended {
        family::end_group(self.pid);
        family.end_all();
        let until = Instant::now() + BURIAL;
        let _ = self.exit.recv_timeout(BURIAL);
        let _ = self.stdout.closed_by(until, &|| false);
        let _ = self.stderr.closed_by(until, &|| false);
        ended
    }
}

enum Waited {
    Ended(ExitStatus),
    TooLong,
    Interrupted,
}

fn ended(status: ExitStatus) -> Ended {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ended::Signal(signal);
    }
    Ended::Exit(status.code().unwrap_or(-1))
}

/// Writes from its own thread: a command that does not read its input must not block us.
fn feed(child: &mut Child, input: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
    }
}

fn waiting(mut child: Child) -> Receiver<std::io::Result<ExitStatus>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let _ = sender.send(child.wait());
    });
    receiver
}

/// A pipe that is read by its own thread.
struct Reading {
    bytes: Arc<Mutex<Vec<u8>>>,
    closed: Receiver<()>,
}

impl Reading {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Reading {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (sender, closed) = mpsc::channel();
        let kept = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            let mut pipe = pipe;
            while let Some(count) = pipe.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()) {
                if count == 0 {
                    break;
                }
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&buffer[..count]);
            }
            let _ = sender.send(());
        });
        Reading { bytes, closed }
    }

    /// Whether the pipe is at its end before `until`; asked once.
    fn closed_by(&self, until: Instant, interrupted: Interrupted<'_>) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.closed.recv_timeout(left.min(GLANCE)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) if left.is_zero() || interrupted() => return false,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
