//! The Rust side: rustfmt, clippy, and every crate's tests.

use std::process::Command;

use anyhow::Result;

use super::Missing;
use crate::process::{self, Talk};
use crate::session::Session;
use crate::tools::{self, ToolSet};

pub fn lint(session: &Session<'_>) -> Result<()> {
    let mut format = cargo(session)?;
    format.args(["fmt", "--all", "--check"]);
    process::run(session.printer, format, Talk::Kept)?;
    let mut clippy = cargo(session)?;
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ]);
    process::run(session.printer, clippy, Talk::Streamed)?;
    Ok(())
}

/// The tests install real runtimes and ask other packers and judges, so every tool is installed before them.
pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    let python = tools::provide(session, ToolSet::Python)?;
    tools::provide(session, ToolSet::Node)?;
    let mut test = cargo(session)?;
    test.args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .env("KTX_TEST_UV", python.program("uv"))
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .envs(missing.variables());
    process::run(session.printer, test, Talk::Streamed)?;
    Ok(())
}

fn cargo(session: &Session<'_>) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.current_dir(session.root()?);
    Ok(command)
}
