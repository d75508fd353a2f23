//! The managed runtime from nothing to ready and its daemon from start to stop, as a user meets them.

mod daemon;
mod prune;

use super::semantic_query;
use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "runtime-lifecycle",
    proves: "the managed runtime: missing, installed by the first query, ready; its daemon: started, reused, stopped; old versions pruned",
    set: Set::Standard,
    needs: warehouse::NEEDS,
    run,
};

const IMPORT: &str =
    "import importlib.metadata, ktx_daemon, semantic_layer; print(importlib.metadata.version('kaelio-ktx'))";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let root = stage.sandbox.folders().runtime_root();
    stage
        .step("version", ktx.ktx("--version"))
        .stdout_is(stage.version_line())
        .stderr_empty()
        .check()?;
    stage
        .step("status-missing", ktx.ktx("runtime status --json"))
        .json("/kind", "missing")
        .json("/layout/runtimeRoot", root.as_str())
        .stderr_empty()
        .check()?;
    warehouse::write(stage, &ktx.project)?;
    semantic_query::installs_on_the_way(stage, &ktx)?;
    stage
        .step("install-again", ktx.ktx("runtime install --yes"))
        .stdout_has("Using existing KTX Python runtime\n")
        .stderr_empty()
        .check()?;
    import(stage, &ktx)?;
    stage
        .step("doctor", ktx.ktx("runtime doctor --json"))
        .json("/checks/0/status", "pass")
        .json("/checks/1/status", "pass")
        .json("/checks/2/status", "pass")
        .stderr_empty()
        .check()?;
    let shown = stage
        .step("doctor-shown", ktx.ktx("runtime doctor"))
        .stderr_empty()
        .check()?;
    let passes = shown.stdout.matches("PASS ").count();
    stage.ensure("doctor-shown.stdout", passes == 3, || {
        format!("three checks should pass: {}", shown.stdout)
    })?;
    daemon::start_reuse_stop(stage, &ktx)?;
    prune::preview_refusal_deed(stage, &ktx)
}

/// Both packages import in the runtime, isolated from everything around it.
fn import(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let python = ktx.version_directory().join(if cfg!(windows) {
        ".venv/Scripts/python.exe"
    } else {
        ".venv/bin/python"
    });
    stage
        .step(
            "import",
            Invocation::new(python.as_str()).args(["-I", "-c", IMPORT]),
        )
        .stderr_empty()
        .check()?;
    Ok(())
}
