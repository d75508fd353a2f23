//! Asks Python how it reads what we read.

use std::process::Command;

use serde::de::DeserializeOwned;

/// What a Python command prints as JSON.
#[track_caller]
pub fn answer<T: DeserializeOwned>(command: &mut Command) -> T {
    let output = command.output().expect("python3 is needed to compare readings");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}
