//! The Python payload: ruff, mypy, and pytest in an environment of its locked dependencies, with MetricFlow and the
//! engines of warehouses beside it.

use anyhow::Result;
use xshell::cmd;

use super::Missing;
use crate::process::{self, OutputMode};
use crate::session::Session;
use crate::tools::{self, ToolSet};

pub fn run(session: &Session<'_>, missing: Missing) -> Result<()> {
    let tools = tools::provide(session, ToolSet::Payload)?;
    let [ruff, mypy, pytest] = ["ruff", "mypy", "pytest"].map(|name| tools.program(name));
    let sh = session.shell()?;
    sh.change_dir("python");
    for check in [
        cmd!(sh, "{ruff} check ."),
        cmd!(sh, "{ruff} format --check ."),
        cmd!(sh, "{mypy}"),
    ] {
        process::run(session.printer, check, OutputMode::Kept)?;
    }
    let metricflow = tools::provide(session, ToolSet::Metricflow)?;
    let engines = tools::provide(session, ToolSet::Engines)?;
    let tests = cmd!(sh, "{pytest} -q -p no:cacheprovider")
        .env("KTX_METRICFLOW_PYTHON", metricflow.program("python"))
        .env("KTX_CHDB_PYTHON", engines.program("python"))
        .envs(missing.variables());
    process::run(session.printer, tests, OutputMode::Streamed)?;
    Ok(())
}
