//! Every package manager on a registry: one run without an installation, global, from a lock file, and offline.
//!
//! The package is as new as on the day of a release, so the managers that wait before they take a new version are given
//! the setting that the readme names, after they were seen to refuse.

use camino::Utf8Path;
use fs_err as fs;

use super::registry::{Registry, without_proxy};
use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Stage};

pub const SCENARIO: Scenario = Scenario {
    name: "managers",
    proves: "npm, pnpm, Yarn 1 and 4, bun and deno take it from a registry: once, globally, by lock file, offline",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: &[
        Need::Program("npm"),
        Need::Program("pnpm"),
        Need::Program("yarn-classic"),
        Need::Program("yarn"),
        Need::Program("bun"),
        Need::Program("deno"),
        Need::Toolchain,
    ],
    run,
};

/// The commands of one manager; the package is added where a line has `PACKAGE`.
struct Manager {
    ids: Ids,
    /// Runs a command of the package without installing it, and how next steps then begin.
    one_shot: Option<(&'static str, &'static str)>,
    global: Option<Global>,
    /// Adds the package to a project, which writes the lock file.
    add: &'static str,
    /// Installs what the lock file has, or fails.
    frozen: &'static str,
    /// The same without asking the registry.
    offline: &'static str,
    /// Runs `ktx` of the project.
    run: &'static str,
    gate: Option<Gate>,
}

/// How a manager waits before it takes a new version.
struct Gate {
    /// The project's file of settings.
    file: &'static str,
    /// What makes it wait; empty where it does so by default.
    waits: &'static str,
    /// What the readme says lets this package pass.
    allows: &'static str,
    /// What the refusal says.
    refusal: &'static str,
}

struct Global {
    add: &'static str,
    remove: &'static str,
    /// Where the program is linked, in the sandbox.
    link: &'static str,
}

/// The steps of a manager.
struct Ids {
    one_shot: &'static str,
    global: [&'static str; 3],
    gate: &'static str,
    add: &'static str,
    frozen: [&'static str; 2],
    offline: [&'static str; 2],
}

macro_rules! ids {
    ($name:literal) => {
        Ids {
            one_shot: concat!($name, "-one-shot"),
            global: [
                concat!($name, "-global"),
                concat!($name, "-global-version"),
                concat!($name, "-global-remove"),
            ],
            gate: concat!($name, "-gate"),
            add: concat!($name, "-add"),
            frozen: [concat!($name, "-frozen"), concat!($name, "-frozen-version")],
            offline: [concat!($name, "-offline"), concat!($name, "-offline-version")],
        }
    };
}

const MANAGERS: [Manager; 6] = [
    Manager {
        ids: ids!("npm"),
        one_shot: Some(("npx --yes PACKAGE", "npx @kaelio/ktx@next")),
        global: Some(Global {
            add: "npm install --global PACKAGE",
            remove: "npm uninstall --global @kaelio/ktx",
            link: "npm-prefix/bin/ktx",
        }),
        add: "npm install PACKAGE",
        frozen: "npm ci",
        offline: "npm ci --offline",
        run: "npx ktx",
        // The npm is the machine's, and an older one knows no such setting.
        gate: None,
    },
    Manager {
        ids: ids!("pnpm"),
        // It notes the version that it found; of a candidate that is more than the name alone.
        one_shot: Some(("pnpm dlx PACKAGE", "pnpm dlx @kaelio/ktx")),
        global: Some(Global {
            add: "pnpm add --global PACKAGE",
            remove: "pnpm remove --global @kaelio/ktx",
            link: "pnpm-home/ktx",
        }),
        add: "pnpm add PACKAGE",
        frozen: "pnpm install --frozen-lockfile",
        offline: "pnpm install --frozen-lockfile --offline",
        run: "pnpm exec ktx",
        gate: Some(Gate {
            file: "pnpm-workspace.yaml",
            waits: "minimumReleaseAge: 1440\n",
            allows: "minimumReleaseAgeExclude: [\"@kaelio/ktx\"]\n",
            refusal: "No matching version found",
        }),
    },
    Manager {
        ids: ids!("yarn-classic"),
        one_shot: None,
        global: Some(Global {
            add: "yarn-classic global add PACKAGE",
            remove: "yarn-classic global remove @kaelio/ktx",
            link: "npm-prefix/bin/ktx",
        }),
        add: "yarn-classic add PACKAGE",
        frozen: "yarn-classic install --frozen-lockfile",
        offline: "yarn-classic install --frozen-lockfile --offline",
        run: "yarn-classic --silent ktx",
        gate: None,
    },
    Manager {
        ids: ids!("yarn"),
        one_shot: Some(("yarn dlx -q PACKAGE", "yarn dlx -q @kaelio/ktx@next")),
        global: None,
        add: "yarn add PACKAGE",
        frozen: "yarn install --immutable",
        offline: "yarn install --immutable",
        run: "yarn ktx",
        gate: Some(Gate {
            file: ".yarnrc.yml",
            waits: "",
            allows: "npmPreapprovedPackages: [\"@kaelio/ktx\"]\n",
            refusal: "quarantined",
        }),
    },
    Manager {
        ids: ids!("bun"),
        one_shot: Some(("bun x PACKAGE", "bunx @kaelio/ktx@next")),
        global: Some(Global {
            add: "bun add --global PACKAGE",
            remove: "bun remove --global @kaelio/ktx",
            link: "bun/bin/ktx",
        }),
        add: "bun add PACKAGE",
        frozen: "bun install --frozen-lockfile",
        offline: "bun install --frozen-lockfile",
        run: "bun x --no-install ktx",
        gate: Some(Gate {
            file: "bunfig.toml",
            waits: "[install]\nminimumReleaseAge = 86400\n",
            allows: "minimumReleaseAgeExcludes = [\"@kaelio/ktx\"]\n",
            refusal: "minimum-release-age",
        }),
    },
    Manager {
        ids: ids!("deno"),
        one_shot: Some((
            "deno run --allow-all --minimum-dependency-age=0 npm:PACKAGE",
            "deno run --allow-all npm:@kaelio/ktx",
        )),
        global: Some(Global {
            add: "deno install --global --allow-all --minimum-dependency-age=0 npm:PACKAGE",
            remove: "deno uninstall --global ktx",
            link: "home/.deno/bin/ktx",
        }),
        add: "deno add npm:PACKAGE",
        frozen: "deno install --frozen",
        offline: "deno install --frozen --cached-only",
        run: "deno run --allow-all npm:@kaelio/ktx",
        gate: Some(Gate {
            file: "deno.json",
            waits: "",
            allows: "{\"minimumDependencyAge\": \"0\"}\n",
            refusal: "minimum dependency",
        }),
    },
];

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let Some(toolchain) = &stage.options.toolchain else {
        return Ok(());
    };
    let registry = Registry::start(stage, toolchain)?;
    let matrix = Matrix {
        stage,
        url: registry.url().to_owned(),
    };
    let publish = matrix
        .typed("npm publish --tag next")
        .arg(stage.package().tarball.as_str());
    stage.step("publish", publish).check()?;
    for manager in &MANAGERS {
        matrix.once(manager)?;
        matrix.globally(manager)?;
        matrix.by_lock_file(manager)?;
    }
    registry.stop(stage);
    for manager in &MANAGERS {
        matrix.offline(manager)?;
    }
    Ok(())
}

struct Matrix<'m> {
    stage: &'m Stage<'m>,
    url: String,
}

impl Matrix<'_> {
    fn once(&self, manager: &Manager) -> Result<(), Stop> {
        let Some((line, next_step)) = manager.one_shot else {
            return Ok(());
        };
        let folder = self.stage.sandbox.work().join(manager.ids.one_shot);
        fs::create_dir(&folder)?;
        let setup = self.typed(line).words("setup --new --no-input").within(&folder);
        self.stage
            .step(manager.ids.one_shot, setup)
            .stdout_has(format!("\n  {next_step}"))
            .stdout_has(" setup demo\n")
            .check()?;
        let left = folder.join("node_modules");
        self.stage.ensure("one-shot.effect", !left.exists(), || {
            format!("`{left}` was made by: {line}")
        })
    }

    fn globally(&self, manager: &Manager) -> Result<(), Stop> {
        let Some(global) = &manager.global else {
            return Ok(());
        };
        let [add, version, remove] = manager.ids.global;
        let link = self.stage.sandbox.folders().at(global.link);
        self.stage.step(add, self.typed(global.add)).check()?;
        self.stage
            .step(version, Invocation::new(link.as_str()).arg("--version"))
            .stdout_is(self.stage.version_line())
            .stderr_empty()
            .check()?;
        self.stage.step(remove, self.typed(global.remove)).check()?;
        self.stage
            .ensure("global.removed", !link.is_symlink() && !link.exists(), || {
                format!("`{link}` is still there")
            })
    }

    fn by_lock_file(&self, manager: &Manager) -> Result<(), Stop> {
        let project = self.stage.project(manager.ids.add)?;
        // Without its own lock file Yarn looks for a project further up.
        if manager.add.starts_with("yarn ") {
            fs::write(project.join("yarn.lock"), "")?;
        }
        let add = || self.typed(manager.add).within(&project);
        if let Some(gate) = &manager.gate {
            let settings = project.join(gate.file);
            if !gate.waits.is_empty() {
                fs::write(&settings, gate.waits)?;
            }
            let refused = self.stage.step(manager.ids.gate, add()).exits(1);
            let said = refused.check()?;
            let told = format!("{}{}", said.stdout, said.stderr);
            self.stage
                .ensure("gate.refusal", told.contains(gate.refusal), || told.clone())?;
            fs::write(settings, [gate.waits, gate.allows].concat())?;
        }
        self.stage.step(manager.ids.add, add()).check()?;
        self.installs_again(manager.frozen, manager.run, manager.ids.frozen, &project)
    }

    fn offline(&self, manager: &Manager) -> Result<(), Stop> {
        let project = self.stage.sandbox.work().join(manager.ids.add);
        self.installs_again(manager.offline, manager.run, manager.ids.offline, &project)
    }

    /// From nothing but the lock file.
    fn installs_again(
        &self,
        line: &str,
        run: &str,
        [install, version]: [&'static str; 2],
        project: &Utf8Path,
    ) -> Result<(), Stop> {
        for installed in ["node_modules", ".pnp.cjs", ".yarn"] {
            let path = project.join(installed);
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else if path.exists() {
                fs::remove_file(path)?;
            }
        }
        self.stage
            .step(install, self.typed(line).within(project))
            .check()?;
        self.stage
            .step(version, self.typed(run).arg("--version").within(project))
            .stdout_is(self.stage.version_line())
            .check()?;
        Ok(())
    }

    /// A line of words, by a user whose managers all ask this registry.
    fn typed(&self, line: &str) -> Invocation {
        let package = format!("{}@next", self.stage.package().name);
        let line = line.replace("PACKAGE", &package);
        let (program, words) = line.split_once(' ').unwrap_or((&line, ""));
        let typed = Invocation::new(program)
            .words(words)
            .deadline_of(INSTALL_DEADLINE);
        let typed = if program == "yarn-classic" {
            // It leaves its temporary files behind.
            typed.in_a_shell_with("TMPDIR", self.stage.sandbox.folders().at("cache").as_str())
        } else {
            typed
        };
        [
            "npm_config_registry",
            "NPM_CONFIG_REGISTRY",
            "YARN_NPM_REGISTRY_SERVER",
        ]
        .iter()
        .fold(without_proxy(self.stage, typed), |typed, name| {
            typed.in_a_shell_with(name, self.url.trim_end_matches('/'))
        })
        .in_a_shell_with("YARN_UNSAFE_HTTP_WHITELIST", "127.0.0.1")
    }
}
