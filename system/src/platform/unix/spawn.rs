//! The one module that needs `unsafe`: what a child does between fork and exec.
//!
//! Only system calls happen there; no allocation, no lock, since other threads of the parent may have held one.

#![expect(
    unsafe_code,
    reason = "a child leaves its session, and waits to be recorded, before it becomes its program"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{FdFlags, fcntl_setfd};

/// Descriptors that were inherited, from a shell or a build system, are below this number in practice.
const HIGHEST_INHERITED: RawFd = 255;

/// Has the system kill the child when this process ends, however it ends. Where the system cannot do that, the next
/// command removes the directory of a child that outlives us.
pub fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getpid();
        // SAFETY: the closure makes two system calls and touches no memory but its own copy of a number.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
                // The parent may have ended before the line above: then nothing would ever kill this process.
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::Interrupted.into())
                }
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Spawns a process in its own session, which becomes its program only once `record` has written down its pid.
/// When `record` fails, or this process ends in between, the child ends without having run anything.
///
/// # Errors
/// Of `record`, or of the spawning itself.
pub fn spawn_recorded<E: From<io::Error> + Send>(
    mut command: Command,
    record: impl FnOnce(u32) -> Result<(), E>,
) -> Result<Child, E> {
    let (pid_from_child, pid_to_parent) = close_on_exec_pipe()?;
    let (go_in_child, go_from_parent) = close_on_exec_pipe()?;
    let parents_end = go_from_parent.as_raw_fd();
    // SAFETY: the closure makes system calls only, on descriptors that it owns or that the parent keeps open until
    // the child has been spawned.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
            // Else the pipe would not end when the parent does.
            rustix::io::close(parents_end);
            for descriptor in 3..=HIGHEST_INHERITED {
                let _ = fcntl_setfd(BorrowedFd::borrow_raw(descriptor), FdFlags::CLOEXEC);
            }
            let pid = rustix::process::getpid().as_raw_pid().to_ne_bytes();
            rustix::io::write(&pid_to_parent, &pid)?;
            match rustix::io::read(&go_in_child, &mut [0_u8; 1])? {
                1 => Ok(()),
                _ => Err(io::ErrorKind::Interrupted.into()),
            }
        });
    }
    std::thread::scope(|scope| {
        let spawning = scope.spawn(move || command.spawn());
        let pid = read_pid(&pid_from_child, || spawning.is_finished())?;
        let recorded = match pid {
            Some(pid) => record(pid),
            // Spawning failed before there was a child; joining returns the reason.
            None => Ok(()),
        };
        if recorded.is_ok() && pid.is_some() {
            rustix::io::write(&go_from_parent, &[1]).map_err(io::Error::from)?;
        }
        drop(go_from_parent);
        let spawned = spawning
            .join()
            .map_err(|_| io::Error::other("the spawning thread panicked"))?;
        recorded?;
        Ok(spawned?)
    })
}

/// The pid that the child reports, or `None` when `failed` says that there will be none.
fn read_pid(pipe: &OwnedFd, failed: impl Fn() -> bool) -> io::Result<Option<u32>> {
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(Duration::from_millis(5).subsec_nanos()),
    };
    loop {
        let has_failed = failed();
        if poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&timeout))? > 0 {
            let mut bytes = [0; 4];
            let read = rustix::io::read(pipe, &mut bytes)?;
            return Ok((read == bytes.len())
                .then(|| i32::from_ne_bytes(bytes))
                .and_then(|pid| pid.try_into().ok()));
        }
        if has_failed {
            return Ok(None);
        }
    }
}

fn close_on_exec_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    fcntl_setfd(&reader, FdFlags::CLOEXEC)?;
    fcntl_setfd(&writer, FdFlags::CLOEXEC)?;
    Ok((reader, writer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_runs_only_once_it_was_recorded() {
        let directory = tempfile::tempdir().expect("a directory");
        let mark = directory.path().join("ran");
        let touch = || {
            let mut command = Command::new("touch");
            command.arg(&mark);
            command
        };
        let refused: Result<Child, io::Error> =
            spawn_recorded(touch(), |_| Err(io::Error::other("disk full")));
        assert_eq!(refused.expect_err("recording failed").to_string(), "disk full");
        assert!(!mark.exists(), "the child ran although it was not recorded");

        let mut recorded = None;
        let mut child = spawn_recorded::<io::Error>(touch(), |pid| {
            recorded = Some(pid);
            assert!(!mark.exists());
            Ok(())
        })
        .expect("a child");
        assert_eq!(recorded, Some(child.id()));
        assert!(child.wait().expect("it ends").success());
        assert!(mark.exists());
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_and_not_a_hang() {
        let error = spawn_recorded::<io::Error>(Command::new("/nowhere/at/all"), |_| Ok(()));
        assert_eq!(
            error.expect_err("no such program").kind(),
            io::ErrorKind::NotFound
        );
    }
}
