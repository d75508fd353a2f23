//! The launcher and the JS API, by Node's own test runner.

use std::process::Command;

use anyhow::Result;
use fs_err as fs;

use crate::process::{self, Talk};
use crate::session::Session;

pub fn run(session: &Session<'_>) -> Result<()> {
    let folder = session.root()?.join("npm");
    // Named one by one: what a folder means to `node --test` differs between Node 20 and 22.
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join("test"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            files.push(format!("test/{name}"));
        }
    }
    files.sort();
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=spec"])
        .args(files)
        .current_dir(folder);
    process::run(session.printer, command, Talk::Streamed)?;
    Ok(())
}
