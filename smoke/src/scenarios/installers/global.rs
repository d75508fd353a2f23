//! Global installation: the program is on `PATH`, and disappears when it is removed.

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const NPM: Scenario = Scenario {
    name: "npm-global",
    proves: "npm installs the program globally, also without scripts and optional packages, and removes it",
    set: Set::Standard,
    needs: &[Need::Program("npm")],
    run: |stage| {
        let npm = GlobalInstaller {
            program: "npm",
            add: [
                "install --global",
                "install --global --ignore-scripts --omit=optional",
            ],
            remove: "uninstall --global",
            link: "npm-prefix/bin/ktx",
        };
        npm.prove(stage)
    },
};

pub const PNPM: Scenario = Scenario {
    name: "pnpm-global",
    proves: "pnpm installs the program globally, also without scripts and optional packages, and removes it",
    set: Set::Standard,
    needs: &[Need::Program("pnpm")],
    run: |stage| {
        let pnpm = GlobalInstaller {
            program: "pnpm",
            add: ["add --global", "add --global --ignore-scripts --no-optional"],
            remove: "remove --global",
            link: "pnpm-home/ktx",
        };
        pnpm.prove(stage)
    },
};

/// The commands of one package manager.
struct GlobalInstaller {
    program: &'static str,
    /// What adds a package: as it is, and without scripts and optional packages.
    add: [&'static str; 2],
    remove: &'static str,
    /// Where the program is linked, in the sandbox.
    link: &'static str,
}

const STEPS: [[&str; 2]; 2] = [["add", "version"], ["add-restricted", "version-restricted"]];

impl GlobalInstaller {
    fn prove(&self, stage: &Stage<'_>) -> Result<(), Stop> {
        let typed = |words: &str| Invocation::new(self.program).words(words);
        for ([add, version], words) in STEPS.into_iter().zip(self.add) {
            stage
                .step(add, typed(words).arg(stage.package().tarball.as_str()))
                .check()?;
            stage
                .step(version, Invocation::new("ktx").arg("--version"))
                .stdout_is(stage.version_line())
                .stderr_empty()
                .check()?;
            stage
                .step("remove", typed(self.remove).arg(&stage.package().name))
                .check()?;
            let link = stage.sandbox.folders().at(self.link);
            stage.ensure("remove.link", !link.is_symlink() && !link.exists(), || {
                format!("`{link}` is still there")
            })?;
        }
        Ok(())
    }
}
