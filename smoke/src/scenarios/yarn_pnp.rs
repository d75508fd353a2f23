//! Yarn with Plug'n'Play, which keeps packages in zip files unless they ask to be unplugged.

use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "yarn-pnp",
    proves: "Yarn Plug'n'Play unplugs the package and runs its program, with scripts disabled too",
    set: Set::Standard,
    needs: &[Need::Program("yarn")],
    run,
};

const USE_THE_API: &str = r#"
import { getKtxCliPackageInfo } from "@kaelio/ktx";
console.log(JSON.stringify(getKtxCliPackageInfo()));
"#;

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let package = stage.package();
    for (project, install, version, scripts) in [
        ("plain", "add", "version", "true"),
        ("restricted", "add-restricted", "version-restricted", "false"),
    ] {
        let project = stage.project(project)?;
        fs::write(
            project.join(".yarnrc.yml"),
            format!("nodeLinker: pnp\npnpEnableEsmLoader: true\nenableScripts: {scripts}\n"),
        )?;
        // Without a lock file of its own Yarn looks for a project further up.
        fs::write(project.join("yarn.lock"), "")?;
        let yarn = |words: &str| Invocation::new("yarn").words(words).within(&project);
        stage
            .step(
                install,
                yarn("add").arg(format!("{}@file:{}", package.name, package.tarball)),
            )
            .check()?;
        stage
            .step(version, yarn("ktx --version"))
            .stdout_is(stage.version_line())
            .stderr_empty()
            .check()?;
        fs::write(project.join("use.mjs"), USE_THE_API)?;
        stage
            .step("api", yarn("node use.mjs"))
            .json("/version", package.version.as_str())
            .check()?;
    }
    Ok(())
}
