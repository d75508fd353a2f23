//! `npx <tarball>`: nothing is installed, and the program still runs.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "npx-direct",
    proves: "npx runs the program straight from the tarball, with nothing installed",
    set: Set::Standard,
    needs: &[Need::Program("npm")],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let npx = |words: &str| {
        Invocation::new("npx")
            .arg("--yes")
            // A bare path would be run as a program.
            .arg(format!("file:{}", stage.package().tarball))
            .words(words)
    };
    stage
        .step("version", npx("--version"))
        .stdout_is(stage.version_line())
        .stderr_empty()
        .check()?;
    stage
        .step("status", npx("runtime status"))
        .stdout_has("KTX Python runtime\nstatus: missing\n")
        .stderr_empty()
        .check()?;
    stage.ensure(
        "project.untouched",
        !stage.sandbox.work().join("node_modules").exists(),
        || "npx left a node_modules in the folder it was called from".to_owned(),
    )
}
