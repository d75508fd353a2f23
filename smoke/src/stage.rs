//! Where a scenario runs: its sandbox, the package, and the record of its steps.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::failure::Stop;
use crate::observer::Observer;
use crate::options::{Options, Package};
use crate::proven::ProvenBytes;
use crate::sandbox::{Interrupted, Invocation, Running, Sandbox, Signal, copy_tree, hard_link_tree};

/// npm works on the network's time when it has to ask for something; the tarball alone takes under a second.
pub const INSTALL_DEADLINE: Duration = Duration::from_secs(120);

/// The inputs of a scenario.
pub struct Stage<'s> {
    pub sandbox: &'s Sandbox,
    pub options: &'s Options,
    /// The cache with which the managed runtime installs without a download.
    pub uv_seed: Option<&'s Utf8Path>,
    pub(crate) scenario: &'static str,
    pub(crate) observer: &'s dyn Observer,
    pub(crate) interrupted: Interrupted<'s>,
    pub(crate) steps: Mutex<Vec<(String, Duration)>>,
    pub(crate) served: Mutex<Option<ProvenBytes>>,
}

impl Stage<'_> {
    /// A check beside the transcript: a file, a process, a value.
    pub fn ensure(
        &self,
        code: &'static str,
        holds: bool,
        otherwise: impl FnOnce() -> String,
    ) -> Result<(), Stop> {
        if holds {
            return Ok(());
        }
        Err(Stop::failed(code, otherwise()))
    }

    pub fn package(&self) -> &Package {
        &self.options.package
    }

    /// What `--version` prints.
    pub fn version_line(&self) -> String {
        format!("{} {}\n", self.package().name, self.package().version)
    }

    /// Makes a folder with a `package.json` of a user's project.
    pub fn project(&self, name: &str) -> Result<Utf8PathBuf, Stop> {
        let folder = self.sandbox.work().join(name);
        fs::create_dir_all(&folder)?;
        if !folder.join("package.json").exists() {
            fs::write(folder.join("package.json"), PROJECT)?;
        }
        Ok(folder)
    }

    /// Installs the package into a project with npm, as most users do.
    pub fn installed(&self) -> Result<Installed<'_>, Stop> {
        self.installed_in("project")
    }

    /// The same, in a project folder of this name.
    pub fn installed_in(&self, name: &str) -> Result<Installed<'_>, Stop> {
        self.installed_from(name, &self.package().tarball)
    }

    /// The same, from another tarball; a project that is there keeps what it has.
    pub fn installed_from(&self, name: &str, tarball: &Utf8Path) -> Result<Installed<'_>, Stop> {
        self.installed_by(name, npm_install(tarball.as_str()))
    }

    /// The same, by its own command line.
    pub fn installed_by(&self, name: &str, install: Invocation) -> Result<Installed<'_>, Stop> {
        let project = self.project(name)?;
        self.step("install", install.within(&project)).check()?;
        Ok(Installed {
            launcher: project.join("node_modules/.bin/ktx"),
            package: project.join("node_modules").join(&self.package().name),
            project,
            stage: self,
        })
    }

    /// Ends a server as its manual says.
    pub fn stop(&self, server: Running, how: Signal, patience: Duration) {
        server.stop(how, patience, self.sandbox.family(), self.interrupted);
    }

    /// Fills the sandbox's uv cache, so that the runtime comes from it and not from the network.
    pub fn warm_uv_cache(&self) -> Result<(), Stop> {
        if let Some(seed) = self.uv_seed {
            hard_link_tree(seed, &self.sandbox.folders().uv_cache())?;
        }
        Ok(())
    }

    /// The same from the user's own cache, with whatever the user has installed before; the copy takes its time.
    pub fn copy_user_cache(&self) -> Result<(), Stop> {
        if let Some(cache) = &self.options.user_cache {
            copy_tree(cache, &self.sandbox.folders().uv_cache())?;
        }
        Ok(())
    }

    /// Keeps what a registry served, for the report.
    pub fn was_served(&self, bytes: ProvenBytes) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// Reports progress to the observer.
    pub fn say(&self, line: &str) {
        self.observer.remark(self.scenario, line);
    }

    pub(crate) fn begin(&self, step: &str, line: &str) {
        self.observer
            .step_begins(self.scenario, step, &self.options.redaction.apply(line));
    }

    pub(crate) fn end(&self, step: &str, elapsed: Duration) {
        self.steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((step.to_owned(), elapsed));
        self.observer.step_ends(self.scenario, step, elapsed);
    }
}

const PROJECT: &str = r#"{"name": "somebodys-project", "version": "1.0.0", "private": true}
"#;

/// `npm install <what>`, in a project.
pub fn npm_install(what: &str) -> Invocation {
    Invocation::new("npm")
        .arg("install")
        .arg(what)
        .deadline_of(INSTALL_DEADLINE)
}

/// The package as installed in a project.
pub struct Installed<'s> {
    pub project: Utf8PathBuf,
    pub package: Utf8PathBuf,
    launcher: Utf8PathBuf,
    stage: &'s Stage<'s>,
}

impl Installed<'_> {
    /// `ktx` through the launcher that npm linked, in the project.
    pub fn ktx(&self, words: &str) -> Invocation {
        Invocation::new(self.launcher.as_str())
            .words(words)
            .within(&self.project)
    }

    /// `runtime install --yes`, from the warm cache.
    pub fn install_runtime(&self) -> Result<(), Stop> {
        self.stage.warm_uv_cache()?;
        self.stage
            .step(
                "runtime-install",
                self.ktx("runtime install --yes").deadline_of(INSTALL_DEADLINE),
            )
            .stdout_has("Installed KTX Python runtime\n")
            .stdout_has(format!("\nversion: {}\n", self.stage.package().version))
            .stderr_empty()
            .check()?;
        Ok(())
    }

    /// Scans the server of the connection `warehouse`; the shard of its schema then has the foreign key and `comments`.
    pub fn scan_server(&self, schema: &str, comments: &[&str]) -> Result<(), Stop> {
        self.stage
            .step("scan", self.ktx("dev scan warehouse --no-input"))
            .stdout_has("Status: done\n")
            .check()?;
        let shard = format!("semantic-layer/warehouse/_schema/{schema}.yaml");
        let shard = fs::read_to_string(self.project.join(shard))?;
        let complete = ["source: formal"]
            .iter()
            .chain(comments)
            .all(|part| shard.contains(part));
        self.stage.ensure("scan.shard", complete, || {
            format!("the shard lacks the foreign key or a comment:\n{shard}")
        })
    }

    /// The version directory of the managed runtime.
    pub fn version_directory(&self) -> Utf8PathBuf {
        self.stage
            .sandbox
            .folders()
            .runtime_root()
            .join(&self.stage.package().version)
    }
}
