//! The daemon beside bare apps on the same interpreter. The payload brings its own measurement.

use std::process::Command;

use anyhow::Result;

use super::Comparison;
use crate::process::{self, Talk};
use crate::session::Session;
use crate::tools::{self, ToolSet};

pub fn measure(session: &Session<'_>) -> Result<Vec<Comparison>> {
    let tools = tools::provide(session, ToolSet::Payload)?;
    let mut bench = Command::new(tools.program("python"));
    bench
        .arg("bench/daemon.py")
        .current_dir(session.root()?.join("python"))
        .env_remove("PYTHONDONTWRITEBYTECODE");
    process::run(session.printer, bench, Talk::Streamed)?;
    Ok(Vec::new())
}
