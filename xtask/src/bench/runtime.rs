//! The managed runtime: installing, asking for its status and starting its daemon, beside the same uv commands by hand.

use std::process::Command;

use anyhow::{Context, Result};
use camino::Utf8Path;
use ktx_manifest::package_layout::ASSETS;

use super::Comparison;
use super::machine::{Machine, clean};
use super::measure::{Contestant, compare};
use crate::session::Session;

const MANY: usize = 21;
const SOME: usize = 5;

/// What `ktx runtime install` runs, without what makes it safe. The last line proves as much as `$IMPORT` says.
const BY_HAND: &str = r#"set -e
rm -rf "$VENV"
"$UV" venv --quiet --no-config --relocatable "$VENV"
"$UV" pip install --quiet --no-config --python "$VENV/bin/python" --require-hashes -r "$ASSETS/core.txt"
"$UV" pip install --quiet --no-config --python "$VENV/bin/python" --no-deps "$ASSETS"/*.whl
"$VENV/bin/python" -I -c "$IMPORT""#;

/// What the installation proves: that every module imports, which also compiles them all.
const EVERY_MODULE: &str = "\
import importlib, pkgutil
for name in ('ktx_daemon', 'semantic_layer'):
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + '.'):
        found.name.endswith('.__main__') or importlib.import_module(found.name)";

/// Almost nothing: both packages import their modules only when these are used.
const PACKAGES_ALONE: &str = "import ktx_daemon, semantic_layer";

pub fn measure(session: &Session<'_>) -> Result<Vec<Comparison>> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let machine = Machine::prepare(session, scratch)?;
    let venv = scratch.join("venv");
    let fresh = compare(
        &mut [
            Contestant::new("ktx runtime install, with nothing there", || {
                remove(&machine.root)?;
                Ok(machine.ktx(&["runtime", "install"]))
            }),
            Contestant::new("by hand", || {
                remove(&venv)?;
                Ok(by_hand(&machine, &venv, PACKAGES_ALONE))
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
        Comparison::new("first installation", "1.6 times the same by hand", fresh)?,
        Comparison::new("installation", "10 % or 150 ms over the same by hand", install)?,
        Comparison::new("nothing to do", "install 30 ms, status 15 ms", again)?,
        Comparison::new("start", "200 ms", start)?,
    ])
}

fn remove(folder: &Utf8Path) -> Result<()> {
    match fs_err::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn by_hand(machine: &Machine, venv: &Utf8Path, import: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", BY_HAND])
        .env("UV", &machine.uv)
        .env("VENV", venv)
        .env("ASSETS", machine.package.join(ASSETS))
        .env("IMPORT", import);
    clean(shell)
}
