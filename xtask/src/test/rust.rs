//! The Rust side: rustfmt, clippy, the rules for what is locked, and every crate's tests.

use anyhow::Result;
use xshell::cmd;

use super::Missing;
use crate::audit;
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

pub fn lint(session: &Session<'_>) -> Result<()> {
    let sh = session.shell()?;
    process::run(
        session.printer,
        cmd!(sh, "cargo fmt --all --check"),
        OutputMode::Kept,
    )?;
    let clippy = cmd!(
        sh,
        "cargo clippy --workspace --all-targets --locked --quiet -- --deny warnings"
    );
    process::run(session.printer, clippy, OutputMode::Streamed)?;
    audit::check_locks(session)
}

/// The tests install real runtimes and ask other packers and judges, so every tool is installed before them.
pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    let python = tools::provide(session, ToolSet::Python)?;
    let sets = [
        ToolSet::Cross,
        ToolSet::Node,
        ToolSet::Consumers,
        ToolSet::NodeVersions,
    ];
    for set in sets {
        tools::provide(session, set)?;
    }
    let engines = tools::provide(session, ToolSet::Engines)?;
    let sh = session.shell()?;
    let test = cmd!(sh, "cargo test --workspace --locked --no-fail-fast")
        .env("KTX_TEST_UV", python.program("uv"))
        .env("KTX_CHDB_PYTHON", engines.program("python"))
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .envs(missing.variables());
    process::run(session.printer, test, OutputMode::Streamed)?;
    Ok(())
}
