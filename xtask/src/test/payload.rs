//! The Python payload: ruff, mypy, and pytest in an environment of its locked dependencies, with MetricFlow beside it.

use std::process::Command;

use anyhow::Result;

use super::Missing;
use crate::process::{self, Talk};
use crate::session::Session;
use crate::tools::{self, ToolSet, Tools};

pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    let tools = tools::provide(session, ToolSet::Payload)?;
    let checks: [(&str, &[&str]); 3] = [
        ("ruff", &["check", "."]),
        ("ruff", &["format", "--check", "."]),
        ("mypy", &[]),
    ];
    for (program, arguments) in checks {
        let mut check = command(session, &tools, program)?;
        check.args(arguments);
        process::run(session.printer, check, Talk::Kept)?;
    }
    let metricflow = tools::provide(session, ToolSet::Metricflow)?;
    let mut pytest = command(session, &tools, "pytest")?;
    pytest
        .args(["-q", "-p", "no:cacheprovider"])
        .env("KTX_METRICFLOW_PYTHON", metricflow.program("python"))
        .envs(missing.variables());
    process::run(session.printer, pytest, Talk::Streamed)?;
    Ok(())
}

fn command(session: &Session<'_>, tools: &Tools, program: &str) -> Result<Command> {
    let mut command = Command::new(tools.program(program));
    command.current_dir(session.root()?.join("python"));
    Ok(command)
}
