//! `npm install --global`, and its end: what was linked is unlinked.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "npm-global",
    proves: "npm installs the program globally, also without scripts and optional packages, and removes it",
    set: Set::Standard,
    needs: &[Need::Program("npm")],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let npm = |words: &str| Invocation::new("npm").words(words);
    for (install, version, flags) in [
        ("install", "version", ""),
        (
            "install-restricted",
            "version-restricted",
            "--ignore-scripts --omit=optional",
        ),
    ] {
        stage
            .step(
                install,
                npm("install --global")
                    .words(flags)
                    .arg(stage.package().tarball.as_str()),
            )
            .check()?;
        stage
            .step(version, Invocation::new("ktx").arg("--version"))
            .stdout_is(stage.version_line())
            .stderr_empty()
            .check()?;
        stage
            .step("uninstall", npm("uninstall --global").arg(&stage.package().name))
            .check()?;
        let link = stage.sandbox.folders().at("npm-prefix/bin/ktx");
        stage.ensure("uninstall.link", !link.is_symlink(), || {
            format!("`{link}` is still there")
        })?;
    }
    Ok(())
}
