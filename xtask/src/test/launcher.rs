//! The launcher and the JS API, by Node's own test runner.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, Talk};
use crate::session::Session;

pub fn run(session: &Session<'_>) -> Result<()> {
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=spec", "test/"])
        .current_dir(session.root()?.join("npm"));
    process::run(session.printer, command, Talk::Streamed)?;
    Ok(())
}
