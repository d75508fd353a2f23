//! The locks of a version, as guards: code that changes an installation or its daemon takes one by value or reference.
//!
//! `<root>/.locks/<version>.install` is shared while a request runs in the runtime and exclusive for install and
//! prune; `<root>/.locks/<version>.daemon` is exclusive for start and stop. They are taken in this order, and the files
//! are never deleted: a name that comes to mean another file would let two processes hold "the" lock.

use std::fs::TryLockError;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::observer::Event;
use crate::ownership::Foreign;
use crate::trusted_root::trust_root;
use crate::{Error, Runtime};
use ktx_system::files::{self, PathError};
use ktx_system::process;

/// After this time a waiting command reports what it waits for.
const QUIET: Duration = Duration::from_secs(1);

/// Nobody else installs, prunes or uses this version.
#[derive(Debug)]
pub struct InstallLockGuard(Held);

/// This version's runtime stays where it is while this lives.
#[derive(Debug)]
pub struct RuntimeUseGuard(#[expect(dead_code, reason = "held for its lock")] Option<Held>);

/// Nobody else starts or stops this version's daemon.
#[derive(Debug)]
pub struct DaemonLockGuard(#[expect(dead_code, reason = "held for its lock")] Held);

/// Whether a lock that is taken is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as the runtime's limits say.
    Bounded,
    /// This long.
    AtMost(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shared,
    Exclusive,
}

#[derive(Debug)]
struct Held {
    #[expect(dead_code, reason = "closing the file gives the lock back")]
    file: fs_err::File,
    version: String,
}

impl InstallLockGuard {
    /// The version that is locked.
    pub fn version(&self) -> &str {
        &self.0.version
    }
}

impl Runtime {
    /// Takes the install lock of a version for this process alone.
    pub(crate) fn lock_install(&self, version: &str, patience: Patience) -> Result<InstallLockGuard, Error> {
        self.take(version, "install", Mode::Exclusive, patience)
            .map(InstallLockGuard)
    }

    /// Takes the install lock of this version together with others that use the runtime.
    ///
    /// # Errors
    /// When the lock cannot be had in time.
    pub fn use_runtime(&self) -> Result<RuntimeUseGuard, Error> {
        match self.take(self.version(), "install", Mode::Shared, Patience::Bounded) {
            Ok(held) => Ok(RuntimeUseGuard(Some(held))),
            // A runtime that was installed into an image or for all users: where this user cannot even make a lock, this
            // user cannot take the runtime away either.
            Err(Error::RootUnusable(error)) if is_read_only(&error) => Ok(RuntimeUseGuard(None)),
            Err(error) => Err(error),
        }
    }

    /// Takes the daemon lock of a version.
    pub(crate) fn lock_daemon(&self, version: &str) -> Result<DaemonLockGuard, Error> {
        self.take(version, "daemon", Mode::Exclusive, Patience::Bounded)
            .map(DaemonLockGuard)
    }

    /// Who holds the install or daemon lock of this version now, for `doctor`: asks without waiting or creating.
    pub(crate) fn lock_holder(&self, kind: &str) -> Option<String> {
        let path = lock_path(&self.locks_dir(), self.version(), kind);
        let file = fs_err::File::open(&path).ok()?;
        match file.file().try_lock() {
            Err(TryLockError::WouldBlock) => Some(holder(&path)),
            _ => None,
        }
    }

    /// Refuses a root in which others can plant or exchange programs, or could before its mode was changed.
    pub(crate) fn require_trusted_root(&self) -> Result<(), Error> {
        self.require_trusted(self.root())?;
        self.require_trusted(&self.layout().venv_dir)
    }

    /// The same for a folder in it.
    pub(crate) fn require_trusted(&self, folder: &Path) -> Result<(), Error> {
        trust_root(folder).map_err(|Foreign(reason)| Error::RootUntrusted {
            root: self.root().to_owned(),
            reason,
        })
    }

    fn take(&self, version: &str, kind: &str, mode: Mode, patience: Patience) -> Result<Held, Error> {
        self.require_trusted_root()?;
        files::keep_writes_private();
        let directory = self.locks_dir();
        let path = lock_path(&directory, version, kind);
        let file = match mode {
            // An existing lock can be shared by anyone who can read it.
            Mode::Shared if !files::is_writable(&directory) && path.is_file() => fs_err::File::open(&path)?,
            _ => create(&directory, &path)?,
        };
        let limit = match patience {
            Patience::Bounded => self.limits().lock,
            Patience::AtMost(limit) => limit,
        };
        self.wait(&file, &path, mode, limit)?;
        if mode == Mode::Exclusive {
            note_holder(&path);
        }
        Ok(Held {
            file,
            version: version.to_owned(),
        })
    }

    fn wait(&self, file: &fs_err::File, path: &Path, mode: Mode, limit: Duration) -> Result<(), Error> {
        let started = Instant::now();
        let mut said = false;
        let mut pause = Duration::from_millis(1);
        loop {
            let taken = match mode {
                Mode::Shared => file.file().try_lock_shared(),
                Mode::Exclusive => file.file().try_lock(),
            };
            match taken {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => {
                    return Err(PathError::new("lock", path)(source).into());
                }
            }
            self.interrupt().check()?;
            if started.elapsed() >= limit {
                let seconds = limit.as_secs();
                return Err(Error::LockTimeout {
                    path: path.to_owned(),
                    seconds,
                    holder: holder(path),
                });
            }
            if !said && started.elapsed() >= QUIET {
                said = true;
                self.observer().observe(&Event::Waiting {
                    lock: path,
                    holder: &holder(path),
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

fn create(directory: &Path, path: &Path) -> Result<fs_err::File, Error> {
    fs_err::create_dir_all(directory).map_err(Error::RootUnusable)?;
    fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::RootUnusable)
}

fn is_read_only(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied
    )
}

fn lock_path(directory: &Path, version: &str, kind: &str) -> PathBuf {
    directory.join(format!("{version}.{kind}"))
}

/// Beside the lock and not in it: Windows lets nobody read a locked file.
fn holder_path(lock: &Path) -> PathBuf {
    let mut name = lock.as_os_str().to_owned();
    name.push(".holder");
    PathBuf::from(name)
}

fn note_holder(lock: &Path) {
    // Only for the message to users who wait: without it, it has no pid.
    let _ =
        fs_err::File::create(holder_path(lock)).and_then(|mut file| write!(file, "{}", std::process::id()));
}

/// The processes that hold the lock, as text for people.
fn holder(lock: &Path) -> String {
    let mut pids = process::lock_holders(lock);
    if pids.is_empty() {
        let mut text = String::new();
        let read =
            fs_err::File::open(holder_path(lock)).and_then(|file| file.take(32).read_to_string(&mut text));
        pids.extend(read.ok().and_then(|_| text.trim().parse::<u32>().ok()));
    }
    let named: Vec<String> = pids.iter().map(|pid| format!("process {pid}")).collect();
    match named.len() {
        0 => "another ktx process".to_owned(),
        _ => named.join(", "),
    }
}
