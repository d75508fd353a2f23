//! The managed runtime: installing, asking for its status and starting its daemon, beside the same uv commands by hand.

use std::process::Command;

use anyhow::{Context, Result};
use camino::Utf8Path;
use ktx_manifest::package_layout::ASSETS;

use super::SpeedComparison;
use super::machine::{BenchMachine, clean};
use super::measure::{Contestant, Taken, compare};
use crate::session::Session;
use crate::tools;

const MANY: usize = 21;
const SOME: usize = 5;

/// What `ktx runtime install` runs, without what makes it safe. The last line proves as much as `$IMPORT` says.
const BY_HAND: &str = r#"set -e
rm -rf "$VENV"
"$UV" venv --quiet --no-config --relocatable "$VENV"
"$UV" pip install --quiet --no-config --python "$VENV/bin/python" --require-hashes -r "$ASSETS/core.txt"
"$UV" pip install --quiet --no-config --python "$VENV/bin/python" --no-deps "$ASSETS"/*.whl
"$VENV/bin/python" -I -c "$IMPORT""#;

/// The first minute without `npx` and `ktx`: the package in a project of its own, and the environment.
const PROJECT_BY_HAND: &str = r#"set -e
mkdir "$PROJECT"
"$NPM" install --silent --no-audit --no-fund --prefix "$PROJECT" "$TARBALL"
"#;

/// What the installation proves: that every module imports, which also compiles them all. Those of a feature lack what
/// it brings.
const EVERY_MODULE: &str = "\
import importlib, pkgutil
for name in ('ktx_daemon', 'semantic_layer'):
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + '.'):
        try:
            found.name.endswith('.__main__') or importlib.import_module(found.name)
        except ModuleNotFoundError as missing:
            if missing.name.startswith(('ktx_daemon', 'semantic_layer')):
                raise";

/// Almost nothing: both packages import their modules only when these are used.
const PACKAGES_ALONE: &str = "import ktx_daemon, semantic_layer";

pub fn measure(session: &Session<'_>) -> Result<Vec<SpeedComparison>> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let machine = BenchMachine::prepare(session, scratch)?;
    let venv = scratch.join("venv");
    // A folder for each round, all of them removed at the end: ext4 without a journal makes new files slowly for a
    // minute after others were deleted, and uv remembers the Python at a path.
    let (mut installed, mut made) = (0, 0);
    let fresh = compare(
        &mut [
            Contestant::new("ktx runtime install, with nothing there", || {
                installed += 1;
                let mut command = machine.ktx(&["runtime", "install"]);
                command.env("KTX_RUNTIME_ROOT", scratch.join(format!("runtime-{installed}")));
                Ok(command)
            }),
            Contestant::new("by hand", || {
                made += 1;
                Ok(by_hand(
                    &machine,
                    &scratch.join(format!("venv-{made}")),
                    PACKAGES_ALONE,
                ))
            }),
        ],
        SOME,
    )?;
    let install = compare(
        &mut [
            Contestant::new("ktx runtime install --force", || {
                Ok(machine.ktx(&["runtime", "install", "--force"]))
            }),
            Contestant::new("by hand, importing every module", || {
                Ok(by_hand(&machine, &venv, EVERY_MODULE))
            }),
            Contestant::new("by hand, importing the packages alone", || {
                Ok(by_hand(&machine, &venv, PACKAGES_ALONE))
            }),
        ],
        SOME,
    )?;
    let first = first_sql(&machine, scratch)?;
    let again = compare(
        &mut [
            Contestant::new("ktx runtime install", || Ok(machine.ktx(&["runtime", "install"]))),
            Contestant::new("ktx runtime status", || Ok(machine.ktx(&["runtime", "status"]))),
        ],
        MANY,
    )?;
    let start = compare(
        &mut [Contestant::new("ktx runtime start", || {
            machine.stop()?;
            Ok(machine.ktx(&["runtime", "start"]))
        })],
        SOME,
    )?;
    machine.stop()?;
    Ok(vec![
        SpeedComparison::new("first installation", "1.6 times the same by hand", fresh)?,
        SpeedComparison::new("npx to the first SQL, npm's cache empty", "2,500 ms", first)?,
        SpeedComparison::new("installation", "10 % or 150 ms over the same by hand", install)?,
        SpeedComparison::new("nothing to do", "install 30 ms, status 15 ms", again)?,
        SpeedComparison::new("start", "200 ms", start)?,
    ])
}

/// From nothing but Node, npm, uv and uv's cache to the SQL of the demo's first query.
fn first_sql(machine: &BenchMachine, scratch: &Utf8Path) -> Result<Vec<Taken>> {
    let demo = scratch.join("demo");
    machine.done(&["setup", "demo", "--project-dir", demo.as_str()])?;
    let (mut ours, mut theirs) = (0, 0);
    compare(
        &mut [
            Contestant::new("npx @kaelio/ktx sl query --yes", || {
                ours += 1;
                let mut npx = Command::new("npx");
                npx.args(["--yes", "--package", machine.tarball.as_str(), "--", "ktx"])
                    .args(["sl", "query", "--yes", "--measure", "contracts.contract_count"])
                    .args(["--format", "sql", "--project-dir", demo.as_str()])
                    .env("KTX_RUNTIME_ROOT", scratch.join(format!("npx-runtime-{ours}")))
                    .env("npm_config_cache", scratch.join(format!("npx-cache-{ours}")))
                    .env("KTX_UV", &machine.uv);
                Ok(clean(npx))
            }),
            Contestant::new("npm install and uv by hand", || {
                theirs += 1;
                let venv = scratch.join(format!("venv-of-npm-{theirs}"));
                let steps = format!("{PROJECT_BY_HAND}{BY_HAND}");
                let mut shell = script(machine, &venv, &steps, PACKAGES_ALONE);
                shell
                    .env("NPM", tools::npm())
                    .env("TARBALL", &machine.tarball)
                    .env("PROJECT", scratch.join(format!("project-of-npm-{theirs}")))
                    .env("npm_config_cache", scratch.join(format!("npm-cache-{theirs}")));
                Ok(shell)
            }),
        ],
        SOME,
    )
}

fn by_hand(machine: &BenchMachine, venv: &Utf8Path, import: &str) -> Command {
    script(machine, venv, BY_HAND, import)
}

fn script(machine: &BenchMachine, venv: &Utf8Path, script: &str, import: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .env("UV", &machine.uv)
        .env("VENV", venv)
        .env("ASSETS", machine.package.join(ASSETS))
        .env("IMPORT", import);
    clean(shell)
}
