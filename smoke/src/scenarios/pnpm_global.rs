//! `pnpm add --global <tarball>`.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "pnpm-global",
    proves: "pnpm installs the program globally, also without scripts and optional packages",
    set: Set::Standard,
    needs: &[Need::Program("pnpm")],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    for (install, version, flags) in [
        ("add", "version", ""),
        (
            "add-restricted",
            "version-restricted",
            "--ignore-scripts --no-optional",
        ),
    ] {
        let add = Invocation::new("pnpm")
            .words("add --global")
            .words(flags)
            .arg(stage.package().tarball.as_str());
        stage.step(install, add).check()?;
        stage
            .step(version, Invocation::new("ktx").arg("--version"))
            .stdout_is(stage.version_line())
            .stderr_empty()
            .check()?;
    }
    Ok(())
}
