//! The one place that spawns processes: children that are watched until they end.
//!
//! Knows nothing of uv, Python or daemons; it is told what to run, what bounds it and who reads what it says.

mod supervise;

pub use self::supervise::{ProcessError, Stream, Supervision, run};

/// What a short system command prints, or `None` when it cannot run or fails. Linux tells the same in `/proc`, and
/// Windows in its own calls.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn capture(program: &str, arguments: &[&str]) -> Option<String> {
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
