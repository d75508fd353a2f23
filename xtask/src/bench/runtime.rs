//! The managed runtime: installing, asking for its status and starting its daemon, beside the same uv commands by hand.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};

use super::Comparison;
use super::measure::{Contestant, compare};
use crate::build::{self, BuildArgs};
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

/// What the installation proves: that every module imports, which also compiles them all.
const EVERY_MODULE: &str = "\
import importlib, pkgutil
for name in ('ktx_daemon', 'semantic_layer'):
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + '.'):
        found.name.endswith('.__main__') or importlib.import_module(found.name)";

/// Almost nothing: both packages import their modules only when these are used.
const PACKAGES_ALONE: &str = "import ktx_daemon, semantic_layer";

pub fn measure(session: &Session<'_>) -> Result<Vec<Comparison>> {
    build::build(&BuildArgs::default(), session)?;
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let machine = Machine {
        package: session.root()?.join("dist/package"),
        program: session
            .root()?
            .join("dist/package")
            .join(build::host()?.program_path()),
        uv: tools::uv(session)?,
        root: scratch.join("runtime"),
        venv: scratch.join("venv"),
    };
    let install = compare(
        &mut [
            Contestant::new("ktx runtime install --force", || {
                Ok(machine.ktx(&["runtime", "install", "--force"]))
            }),
            Contestant::new("by hand, importing every module", || {
                machine.by_hand(EVERY_MODULE)
            }),
            Contestant::new("by hand, importing the packages alone", || {
                machine.by_hand(PACKAGES_ALONE)
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
        Comparison::new("installation", "10 % or 150 ms over the same by hand", install)?,
        Comparison::new("nothing to do", "install 30 ms, status 15 ms", again)?,
        Comparison::new("start", "200 ms", start)?,
    ])
}

struct Machine {
    package: Utf8PathBuf,
    program: Utf8PathBuf,
    uv: Utf8PathBuf,
    root: Utf8PathBuf,
    venv: Utf8PathBuf,
}

impl Machine {
    fn ktx(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("KTX_PACKAGE_ROOT", &self.package)
            .env("KTX_RUNTIME_ROOT", &self.root)
            .env("KTX_UV", &self.uv);
        clean(command)
    }

    fn by_hand(&self, import: &str) -> Result<Command> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", BY_HAND])
            .env("UV", &self.uv)
            .env("VENV", &self.venv)
            .env("ASSETS", self.package.join("assets/python"))
            .env("IMPORT", import);
        Ok(clean(shell))
    }

    fn stop(&self) -> Result<()> {
        let mut stop = self.ktx(&["runtime", "stop"]);
        let status = stop
            .stdout(Stdio::null())
            .status()
            .context("failed to stop the daemon")?;
        ensure!(
            status.success(),
            "failed to stop the daemon: `ktx runtime stop` ended with {status}"
        );
        Ok(())
    }
}

/// What some shells set, and what would make Python compile everything anew at every start.
fn clean(mut command: Command) -> Command {
    command
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env_remove("NODE_EXTRA_CA_CERTS");
    command
}
