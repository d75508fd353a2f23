//! The package of this checkout as installed on a user's machine: the program, and a separate runtime root.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use ktx_manifest::artifact_manifest::ArtifactKind;

use crate::build::{self, BuildArgs};
use crate::session::Session;
use crate::{sources, tools};

/// The package on this machine, and what it is run with.
pub struct BenchMachine {
    pub package: Utf8PathBuf,
    pub tarball: Utf8PathBuf,
    program: Utf8PathBuf,
    pub uv: Utf8PathBuf,
    /// Where the runtime goes.
    pub root: Utf8PathBuf,
}

impl BenchMachine {
    /// Builds the package of this checkout. The runtime goes to a folder in `scratch`.
    pub fn prepare(session: &Session<'_>, scratch: &Utf8Path) -> Result<Self> {
        let built = build::build(&BuildArgs::for_release(), session)?;
        let package = session.root()?.join("dist/package");
        Ok(BenchMachine {
            program: package.join(build::host()?.program_path()),
            package,
            tarball: built.artifact(ArtifactKind::Tarball)?,
            uv: tools::uv(session)?,
            root: scratch.join("runtime"),
        })
    }

    /// The program with these arguments and a separate runtime root.
    pub fn ktx(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("KTX_PACKAGE_ROOT", &self.package)
            .env("KTX_RUNTIME_ROOT", &self.root)
            .env("KTX_UV", &self.uv);
        clean(command)
    }

    /// Ends its daemon.
    pub fn stop(&self) -> Result<()> {
        self.done(&["runtime", "stop"])
    }

    /// Runs the program for what it leaves behind.
    pub fn done(&self, arguments: &[&str]) -> Result<()> {
        let output = self
            .ktx(arguments)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("failed to run `ktx {}`", arguments.join(" ")))?;
        ensure!(
            output.status.success(),
            "`ktx {}` ended with {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }

    /// The interpreter of the installed runtime.
    pub fn python(&self, session: &Session<'_>) -> Result<Utf8PathBuf> {
        let version = sources::version(session)?;
        Ok(self.root.join(version.to_string()).join(".venv/bin/python"))
    }
}

/// Set by some shells; makes Python compile everything again at every start.
pub fn clean(mut command: Command) -> Command {
    command
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env_remove("NODE_EXTRA_CA_CERTS");
    command
}
