//! `bun add <tarball>` in a project.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "bun",
    proves: "bun installs the tarball into a project, also without scripts and optional packages",
    set: Set::Standard,
    needs: &[Need::Program("bun")],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    for (project, install, version, flags) in [
        ("plain", "add", "version", ""),
        (
            "restricted",
            "add-restricted",
            "version-restricted",
            "--ignore-scripts --omit optional",
        ),
    ] {
        let project = stage.project(project)?;
        let bun = |words: &str| Invocation::new("bun").words(words).within(&project);
        stage
            .step(
                install,
                bun("add").words(flags).arg(stage.package().tarball.as_str()),
            )
            .check()?;
        stage
            .step(version, bun("x --no-install ktx --version"))
            .stdout_is(stage.version_line())
            .stderr_empty()
            .check()?;
    }
    Ok(())
}
