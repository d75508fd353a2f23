//! The processes that were started below a directory, as the system shows them.

use std::path::Path;

/// A process whose command line names something below the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub command: String,
}

/// All of them but this test program itself. Zombies have no command line and are none.
pub fn under(directory: &Path) -> Vec<Process> {
    let wanted = directory.to_string_lossy().into_owned();
    fs_err::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let command = fs_err::read(entry.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            (command.contains(&wanted) && pid != std::process::id()).then_some(Process { pid, command })
        })
        .collect()
}

/// The daemons among them.
pub fn daemons_under(directory: &Path) -> Vec<Process> {
    under(directory)
        .into_iter()
        .filter(|process| process.command.contains("serve-http"))
        .collect()
}

/// Ends what a test left running.
pub fn kill_all_under(directory: &Path) {
    for process in under(directory) {
        kill(process.pid, "KILL");
    }
}

pub fn kill(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status();
}

/// The pids of the direct children of a process.
pub fn children_of(parent: u32) -> Vec<u32> {
    fs_err::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let fields = stat.rsplit_once(')')?.1;
            let found: u32 = fields.split_ascii_whitespace().nth(1)?.parse().ok()?;
            (found == parent).then_some(pid)
        })
        .collect()
}
