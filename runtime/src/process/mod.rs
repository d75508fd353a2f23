//! The one place that spawns processes: children that are watched until they end.
//!
//! Knows nothing of uv, Python or daemons; it is told what to run, what bounds it and who reads what it says.

mod supervise;

use std::process::{Command, Stdio};

pub use self::supervise::{ProcessError, Stream, Supervision, run};

/// What a short system command prints, or `None` when it cannot run or fails.
#[cfg_attr(
    target_os = "linux",
    expect(dead_code, reason = "Linux tells the same in /proc")
)]
pub fn capture(program: &str, arguments: &[&str]) -> Option<String> {
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
