//! Which processes belong to a sandbox, and how they are ended: the only file that knows the platform's processes.
//!
//! On Linux a process belongs to a sandbox when the sandbox's folder, whose name is random, is in its
//! environment or holds its program, or is its working directory or in its command line; that finds daemons that
//! left their session and group. On other Unix systems only the command line is looked at; on Windows nothing is found,
//! and what detaches from its parent has to end by itself.

use std::process::Command;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

/// How long the processes of a sandbox may take to be gone once they are killed.
const BURIAL: Duration = Duration::from_secs(60);

/// All processes of one sandbox.
#[derive(Clone, Debug)]
pub struct Family {
    folder: Utf8PathBuf,
}

/// A process that belongs to a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub pid: u32,
    pub command_line: String,
}

impl Family {
    pub fn of(folder: &Utf8Path) -> Family {
        Family {
            folder: folder.to_owned(),
        }
    }

    /// The live processes.
    pub fn members(&self) -> Vec<Member> {
        platform::members(&self.folder)
    }

    /// Waits until all processes have ended; returns those that have not when the time is up.
    pub fn gone_within(&self, time: Duration) -> Vec<Member> {
        let until = Instant::now() + time;
        loop {
            let members = self.members();
            if members.is_empty() || Instant::now() >= until {
                return members;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills all processes, repeatedly until none is left: one may fork during the search.
    pub fn end_all(&self) {
        let until = Instant::now() + BURIAL;
        loop {
            let members = self.members();
            if members.is_empty() || Instant::now() >= until {
                return;
            }
            for member in &members {
                signal(member.pid, Signal::Kill);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Makes a command that is about to start the leader of its own process group.
pub fn lead_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// A signal that a scenario sends to a program, as a user at a terminal or a service manager would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
    HangUp,
    Quit,
    User,
    Kill,
}

/// Signals one process.
#[cfg(unix)]
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
        let _ = rustix::process::kill_process(pid, number(signal));
    }
}

#[cfg(not(unix))]
pub fn signal(pid: u32, _signal: Signal) {
    end_group(pid);
}

/// Signals the process group that a process leads, as Ctrl-C in a terminal does.
#[cfg(unix)]
pub fn signal_group(leader: u32, signal: Signal) {
    if let Some(group) = rustix::process::Pid::from_raw(leader as i32) {
        let _ = rustix::process::kill_process_group(group, number(signal));
    }
}

#[cfg(not(unix))]
pub fn signal_group(leader: u32, _signal: Signal) {
    end_group(leader);
}

#[cfg(unix)]
fn number(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::HangUp => rustix::process::Signal::HUP,
        Signal::Quit => rustix::process::Signal::QUIT,
        Signal::User => rustix::process::Signal::USR1,
        Signal::Kill => rustix::process::Signal::KILL,
    }
}

/// Kills the process group that a process leads.
#[cfg(unix)]
pub fn end_group(leader: u32) {
    signal_group(leader, Signal::Kill);
}

/// Windows has no process groups; its own tool walks the tree of parents.
#[cfg(not(unix))]
pub fn end_group(leader: u32) {
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &leader.to_string()])
        .output();
}

#[cfg(target_os = "linux")]
mod platform {
    use camino::Utf8Path;
    use fs_err as fs;

    use super::Member;

    pub fn members(folder: &Utf8Path) -> Vec<Member> {
        let own = std::process::id();
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != own && is_alive(*pid) && belongs(*pid, folder))
            .map(|pid| Member {
                pid,
                command_line: command_line(pid),
            })
            .collect()
    }

    fn belongs(pid: u32, folder: &Utf8Path) -> bool {
        // With the slash, so that `…/npm-local` does not own the processes of `…/npm-local-2`.
        let name = format!("{folder}/").into_bytes();
        let within = |link: &str| {
            fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|target| target.starts_with(folder))
        };
        let told =
            |file: &str| fs::read(format!("/proc/{pid}/{file}")).is_ok_and(|bytes| contains(&bytes, &name));
        told("environ")
            || within("exe")
            || ((within("cwd") || told("cmdline")) && session(pid) == session(std::process::id()))
    }

    fn contains(text: &[u8], part: &[u8]) -> bool {
        text.windows(part.len()).any(|window| window == part)
    }

    fn is_alive(pid: u32) -> bool {
        stat_field(pid, 0).is_some_and(|state| state != "Z" && state != "X")
    }

    /// The session distinguishes our programs from a user's shell in that folder.
    fn session(pid: u32) -> Option<String> {
        stat_field(pid, 3)
    }

    /// A field of `/proc/<pid>/stat`, counted from the one after the name in parentheses (proc(5)).
    fn stat_field(pid: u32, index: usize) -> Option<String> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_whitespace().nth(index).map(str::to_owned)
    }

    fn command_line(pid: u32) -> String {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&raw).replace('\0', " ").trim().to_owned()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
use command_lines as platform;

#[cfg(not(unix))]
mod platform {
    use camino::Utf8Path;

    use super::Member;

    pub fn members(_folder: &Utf8Path) -> Vec<Member> {
        Vec::new()
    }
}

/// What every system shows: command lines, which contain the path of a daemon's interpreter.
#[cfg(all(unix, any(test, not(target_os = "linux"))))]
mod command_lines {
    use std::process::Command;

    use camino::Utf8Path;

    use super::Member;

    /// The processes whose command line names a file in the folder, as `ps` (POSIX, and `ww` for whole lines) has them.
    pub fn members(folder: &Utf8Path) -> Vec<Member> {
        let said = Command::new("ps")
            .args(["-axww", "-o", "pid=", "-o", "command="])
            .output();
        let text = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
        let name = format!("{folder}/");
        text.unwrap_or_default()
            .lines()
            .filter(|line| line.contains(&name))
            .filter_map(|line| {
                let (pid, command_line) = line.trim_start().split_once(' ')?;
                Some(Member {
                    pid: pid.parse().ok()?,
                    command_line: command_line.trim().to_owned(),
                })
            })
            .filter(|member| member.pid != std::process::id())
            .collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_process_is_known_by_the_files_that_it_was_told_of() {
            let folder = Utf8Path::new("/ktx-smoke-of-no-run");
            assert_eq!(members(folder), []);
            let mut child = Command::new("sh")
                .args(["-c", "read line", "/ktx-smoke-of-no-run/file"])
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let pids: Vec<_> = members(folder).iter().map(|member| member.pid).collect();
            let nobody = members(Utf8Path::new("/ktx-smoke-of-no"));
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(pids, [child.id()]);
            assert_eq!(nobody, []);
        }
    }
}
