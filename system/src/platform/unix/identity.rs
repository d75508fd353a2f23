//! Who a process is: its start stamp, its program, the boot it belongs to, and who holds a lock.

use std::path::Path;

use crate::platform::RunningProcess;

/// What runs under `pid`; `None` when nothing does, or only an unreaped remainder.
#[cfg(target_os = "linux")]
pub fn running_process(pid: u32) -> Option<RunningProcess> {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (state, started_at) = parse_stat(&stat)?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    let executable = fs_err::read_link(format!("/proc/{pid}/exe")).ok();
    Some(RunningProcess {
        pid,
        started_at: started_at.to_owned(),
        executable,
        is_stopped: matches!(state, "T" | "t"),
    })
}

/// State and start time of `/proc/<pid>/stat` (proc_pid_stat(5)): fields 3 and 22. The second field is the program's
/// name in parentheses and may itself hold blanks and parentheses.
#[cfg(target_os = "linux")]
fn parse_stat(stat: &str) -> Option<(&str, &str)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    // Field 3 was taken; 22 is the nineteenth from there.
    Some((state, fields.nth(18)?))
}

/// What runs under `pid`; `None` when nothing does, or only an unreaped remainder.
#[cfg(not(target_os = "linux"))]
pub fn running_process(pid: u32) -> Option<RunningProcess> {
    let shown = capture("ps", &["-o", "stat=,lstart=,comm=", "-p", &pid.to_string()])?;
    let (state, rest) = shown.trim().split_once(char::is_whitespace)?;
    if state.starts_with('Z') {
        return None;
    }
    // `lstart` is five words: weekday, month, day, time, year.
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let (started_at, program) = words.split_at_checked(5)?;
    Some(RunningProcess {
        pid,
        started_at: started_at.join(" "),
        is_stopped: state.starts_with('T'),
        executable: Some(program.join(" ").into())
            .filter(|program: &std::path::PathBuf| program.is_absolute()),
    })
}

/// Names the time between two starts of the system, when it tells.
#[cfg(target_os = "linux")]
pub fn boot_id() -> Option<String> {
    let text = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Names the time between two starts of the system, when it tells.
#[cfg(not(target_os = "linux"))]
pub fn boot_id() -> Option<String> {
    capture("sysctl", &["-n", "kern.bootsessionuuid"])
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
}

/// What a short system command prints, or `None` when it cannot run or fails. Linux tells the same in `/proc`.
#[cfg(not(target_os = "linux"))]
fn capture(program: &str, arguments: &[&str]) -> Option<String> {
    use std::process::{Command, Stdio};

    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The processes that hold a lock on this file, as `/proc/locks` (proc_locks(5)) tells. Empty elsewhere.
pub fn lock_holders(path: &Path) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt;

    let Ok(file) = fs_err::metadata(path) else {
        return Vec::new();
    };
    let Ok(locks) = fs_err::read_to_string("/proc/locks") else {
        return Vec::new();
    };
    let ending = format!(":{}", file.ino());
    let mut holders: Vec<u32> = locks.lines().filter_map(|line| holder(line, &ending)).collect();
    holders.sort_unstable();
    holders.dedup();
    holders
}

/// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF`; a line of a process that only waits has `->` behind the number.
fn holder(line: &str, inode: &str) -> Option<u32> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    (fields.get(1) == Some(&"FLOCK") && fields.get(5)?.ends_with(inode))
        .then(|| fields[4].parse().ok())
        .flatten()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn reads_the_start_time_behind_any_program_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 424242 20";
        for name in ["python", "a b", "a) S 1 (b", ")"] {
            assert_eq!(
                parse_stat(&format!("17 ({name}) {tail}")),
                Some(("S", "424242")),
                "{name}"
            );
        }
        assert_eq!(parse_stat("17 (python) S 1 2"), None);
    }

    #[test]
    fn finds_itself_and_not_a_process_that_never_was() {
        let own = running_process(std::process::id()).expect("this process runs");
        assert_eq!(own.executable, std::env::current_exe().ok());
        assert_eq!(running_process(std::process::id()), Some(own));
        assert_eq!(running_process(0x7fff_fff0), None);
    }

    #[test]
    fn an_unreaped_process_does_not_run() {
        let mut child = std::process::Command::new("true").spawn().expect("true runs");
        let handle = crate::platform::ProcessHandle::open(child.id()).expect("a handle");
        assert!(handle.ended_before(std::time::Instant::now() + std::time::Duration::from_secs(20)));
        assert_eq!(running_process(child.id()), None, "a zombie counts as gone");
        child.wait().expect("the zombie is reaped");
    }

    #[test]
    fn names_who_holds_a_lock() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(lock_holders(file.path()).is_empty());
        file.as_file().lock().expect("a lock");
        assert_eq!(lock_holders(file.path()), [std::process::id()]);
    }
}
