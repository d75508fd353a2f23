//! Installation into a project: the program and the API both work.

use camino::Utf8Path;
use fs_err as fs;

use crate::failure::Stop;
use crate::options::Package;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const PNPM: Scenario = Scenario {
    name: "pnpm-local",
    proves: "pnpm installs the tarball into a project, also without scripts and optional packages",
    set: Set::Standard,
    needs: &[Need::Program("pnpm")],
    run: |stage| {
        let pnpm = LocalInstaller {
            program: "pnpm",
            add: ["add", "add --ignore-scripts --no-optional"],
            specification: bare_path,
            settings: None,
            run: "exec",
            script: "exec node",
        };
        pnpm.prove(stage)
    },
};

/// Yarn keeps packages in zip files unless they ask to be unplugged.
pub const YARN: Scenario = Scenario {
    name: "yarn-pnp",
    proves: "Yarn Plug'n'Play unplugs the package and runs its program, with scripts disabled too",
    set: Set::Standard,
    needs: &[Need::Program("yarn")],
    run: |stage| {
        let yarn = LocalInstaller {
            program: "yarn",
            add: ["add", "add"],
            specification: |package| format!("{}@file:{}", package.name, package.tarball),
            settings: Some(yarn_settings),
            run: "",
            script: "node",
        };
        yarn.prove(stage)
    },
};

pub const BUN: Scenario = Scenario {
    name: "bun",
    proves: "bun installs the tarball into a project, also without scripts and optional packages",
    set: Set::Standard,
    needs: &[Need::Program("bun")],
    run: |stage| {
        let bun = LocalInstaller {
            program: "bun",
            add: ["add", "add --ignore-scripts --omit optional"],
            specification: bare_path,
            settings: None,
            run: "x --no-install",
            script: "run",
        };
        bun.prove(stage)
    },
};

/// The commands of one package manager.
struct LocalInstaller {
    program: &'static str,
    /// What adds a package: as it is, and without scripts and optional packages.
    add: [&'static str; 2],
    /// How it spells a tarball.
    specification: fn(&Package) -> String,
    /// Writes what a project needs beforehand.
    settings: Option<fn(&Utf8Path, Scripts) -> std::io::Result<()>>,
    /// What runs a program that a package brought.
    run: &'static str,
    /// What runs a script of the project.
    script: &'static str,
}

/// Whether packages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scripts {
    Enabled,
    Disabled,
}

/// A project, the ids of its steps, and what is allowed in it.
const PROJECTS: [(&str, [&str; 3], Scripts); 2] = [
    ("plain", ["add", "version", "api"], Scripts::Enabled),
    (
        "restricted",
        ["add-restricted", "version-restricted", "api-restricted"],
        Scripts::Disabled,
    ),
];

const USE_THE_API: &str = r#"
import { getKtxCliPackageInfo } from "@kaelio/ktx";
console.log(JSON.stringify(getKtxCliPackageInfo()));
"#;

impl LocalInstaller {
    fn prove(&self, stage: &Stage<'_>) -> Result<(), Stop> {
        for ((name, [add, version, api], scripts), words) in PROJECTS.into_iter().zip(self.add) {
            let project = stage.project(name)?;
            if let Some(write) = self.settings {
                write(&project, scripts)?;
            }
            fs::write(project.join("use.mjs"), USE_THE_API)?;
            let typed = |words: &str| Invocation::new(self.program).words(words).within(&project);
            stage
                .step(add, typed(words).arg((self.specification)(stage.package())))
                .check()?;
            stage
                .step(version, typed(self.run).words("ktx --version"))
                .stdout_is(stage.version_line())
                .stderr_empty()
                .check()?;
            stage
                .step(api, typed(self.script).arg("use.mjs"))
                .json("/name", stage.package().name.as_str())
                .json("/version", stage.package().version.as_str())
                .check()?;
        }
        Ok(())
    }
}

fn bare_path(package: &Package) -> String {
    package.tarball.to_string()
}

fn yarn_settings(project: &Utf8Path, scripts: Scripts) -> std::io::Result<()> {
    let enabled = scripts == Scripts::Enabled;
    let settings = format!("nodeLinker: pnp\npnpEnableEsmLoader: true\nenableScripts: {enabled}\n");
    fs::write(project.join(".yarnrc.yml"), settings)?;
    // Without its own lock file Yarn looks for a project further up.
    fs::write(project.join("yarn.lock"), "")
}
