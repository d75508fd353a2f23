//! What is asked of a program for another platform: enough to know that it loads, parses and finds its places.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::stage::Stage;

pub fn version_help_status(stage: &Stage<'_>, ktx: impl Fn(&str) -> Invocation) -> Result<(), Stop> {
    let version = stage.step("version", ktx("--version")).check()?;
    // Windows ends its lines in its own way.
    let line = version.stdout.replace("\r\n", "\n");
    stage.ensure("version.stdout", line == stage.version_line(), || {
        format!("the program says that it is {line:?}")
    })?;
    stage
        .step("help", ktx("--help"))
        .stdout_has("Usage: ktx")
        .check()?;
    stage
        .step("status", ktx("runtime status --json"))
        .json("/kind", "missing")
        .json("/layout/cliVersion", stage.package().version.as_str())
        .check()?;
    Ok(())
}
