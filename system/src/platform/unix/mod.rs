//! Unix: signals, process groups, renames that exchange.

mod identity;
mod keys;
mod spawn;

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

pub use self::identity::{boot_id, lock_holders, running_process};
pub use self::keys::KeyByKey;
pub use self::spawn::{die_with_parent, spawn_recorded};
use super::Exchange;
use crate::files::Access;

/// Makes a child and its own children one group that can be ended together, and that Ctrl-C on the terminal does not
/// reach before we have decided what to do.
pub fn prepare_supervised(command: &mut Command) {
    command.process_group(0);
    die_with_parent(command);
}

/// A supervised child with everything it spawned.
#[derive(Debug)]
pub struct ProcessTree(Option<Pid>);

impl ProcessTree {
    /// The tree of a child that was spawned after [`prepare_supervised`].
    pub fn of(child: &Child) -> ProcessTree {
        ProcessTree(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
    }

    /// Asks all of them to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all of them.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // An error here is a group that has ended already.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

/// A process that may be signalled: on Linux through a descriptor that never comes to mean another process.
#[derive(Debug)]
pub struct ProcessHandle {
    pid: Pid,
    #[cfg(target_os = "linux")]
    descriptor: rustix::fd::OwnedFd,
}

impl ProcessHandle {
    /// A handle to the process that has this pid now. Check its identity after opening, not before. `None` when there
    /// is no such process.
    pub fn open(pid: u32) -> Option<ProcessHandle> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        Some(ProcessHandle {
            pid,
            #[cfg(target_os = "linux")]
            descriptor: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?,
        })
    }

    /// Asks the process to end: SIGTERM, which one that was stopped gets once it goes on.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Ends the process: SIGKILL.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Whether the process ended before `deadline`. A process that nobody has reaped yet has ended.
    pub fn ended_before(&self, deadline: Instant) -> bool {
        let pid = u32::try_from(self.pid.as_raw_pid()).unwrap_or(0);
        loop {
            if running_process(pid).is_none() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.pause(left.min(Duration::from_millis(20)));
        }
    }

    #[cfg(target_os = "linux")]
    fn signal(&self, signal: Signal) {
        let _ = rustix::process::pidfd_send_signal(&self.descriptor, signal);
    }

    #[cfg(not(target_os = "linux"))]
    fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.pid, signal);
    }

    /// Waits until the process ends, at most this long.
    #[cfg(target_os = "linux")]
    fn pause(&self, at_most: Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        let _ = poll(
            &mut [PollFd::new(&self.descriptor, PollFlags::IN)],
            Some(&timeout),
        );
    }

    #[cfg(not(target_os = "linux"))]
    fn pause(&self, at_most: Duration) {
        std::thread::sleep(at_most);
    }
}

/// Renames a directory.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::rename(from, to)
}

/// Lets two directories on one file system change places in one step.
///
/// # Errors
/// Whatever the system says, except that it has no such step: that is [`Exchange::Unsupported`].
pub fn exchange(one: &Path, other: &Path) -> io::Result<Exchange> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(Exchange::Done),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(Exchange::Unsupported),
        Err(errno) => Err(errno.into()),
    }
}

/// Bytes that this user may still write below `path`, when the system tells.
pub fn free_space(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// Writes the names in a directory through to the disk.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    fs_err::File::open(path)?.sync_all()
}

/// Writes everything below a directory through to the disk. Linux does that for the whole file system in one call: 50 ms for
/// an installation, where a call for each file takes a second.
pub fn sync_tree(path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if rustix::fs::syncfs(fs_err::File::open(path)?).is_ok() {
        return Ok(());
    }
    super::sync_each(path)
}

/// Whether programs on the file system of `path` cannot run.
#[cfg(target_os = "linux")]
pub fn forbids_programs(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
}

/// Whether programs on the file system of `path` cannot run: `MNT_NOEXEC` of <sys/mount.h>.
#[cfg(not(target_os = "linux"))]
pub fn forbids_programs(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|found| found.f_flags & 0x4 != 0)
}

/// From here on no file that this process or its children create can be written by others, whatever the umask was.
pub fn keep_writes_private() {
    use rustix::fs::Mode;

    let before = rustix::process::umask(Mode::WGRP | Mode::WOTH);
    rustix::process::umask(before | Mode::WGRP | Mode::WOTH);
}

/// The user that this process acts as.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The group that this process acts as.
pub fn effective_group() -> u32 {
    rustix::process::getegid().as_raw()
}

/// Whether the system would let this user create files in `path`; creates none.
pub fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

/// Sets who may use an open file or folder.
pub fn set_access(file: &std::fs::File, access: Access) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    file.set_permissions(std::fs::Permissions::from_mode(match access {
        Access::Private => 0o600,
        Access::Readable => 0o644,
        Access::Executable => 0o755,
    }))
}

/// Options that create a file which others cannot read.
pub fn private_file(options: &mut fs_err::OpenOptions) -> &mut fs_err::OpenOptions {
    use fs_err::os::unix::fs::OpenOptionsExt;

    options.mode(0o600)
}
