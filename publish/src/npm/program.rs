//! Runs npm, in its own empty folder, and can be interrupted.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use ktx_policy::RegistryUrl;
use ktx_system::Redaction;
use ktx_system::process::{self, Output, ProcessError, Supervision, describe_exit};
use ktx_system::shell::line_of;

use crate::desk::{Desk, Environment};
use crate::error::{NpmFailure, PathError, PublishError};

use super::command::registry_flags;
use super::environment::closed;
use super::failure::failure_of;
use super::folder::PrivateFolder;

/// Lines of npm's output that an error shows.
const TAIL_LINES: usize = 30;

/// npm, the environment it runs in, and the folder it runs in.
#[derive(Debug)]
pub struct Npm {
    environment: Environment,
    redaction: Redaction,
    folder: PrivateFolder,
}

/// What npm said when it ended.
#[derive(Debug)]
pub struct NpmOutput {
    /// The command line as it can be shown.
    pub command: String,
    /// Whether npm called it a success.
    pub succeeded: bool,
    /// `exit code 1`, or the signal.
    pub exit: String,
    /// Its standard output; may hold secrets.
    pub stdout: String,
    /// The end of all it said, without secrets.
    pub tail: String,
}

impl NpmOutput {
    /// What the code of npm's error says about the registry.
    pub(crate) fn failure(&self) -> NpmFailure {
        failure_of(&self.stdout, &self.tail)
    }
}

impl Npm {
    /// npm as found on the `PATH` of `environment`, which is closed before npm sees it.
    pub fn new(environment: &Environment) -> Result<Self, PublishError> {
        let folder = PrivateFolder::create()?;
        // A manifest here keeps npm from walking up to another one, whose `.npmrc` it would read.
        fs::write(folder.path().join("package.json"), "{\"private\": true}\n")
            .map_err(PathError::new("write", folder.path()))?;
        Ok(Self {
            environment: closed(environment),
            redaction: Redaction::of(environment),
            folder,
        })
    }

    /// The folder that npm runs in; it is removed with this value.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file into the folder, and returns the absolute path to give to npm.
    ///
    /// npm tells the registry, and so the world, the path of what it publishes (`_resolved`). Where the system has a name
    /// for the folder that a process runs in, the path is the same on every machine and reveals nothing about this one.
    pub fn hand_over(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, PublishError> {
        let path = self.folder().join(name);
        fs::write(&path, bytes).map_err(PathError::new("write", &path))?;
        let own_folder = Path::new("/proc/self/cwd");
        if cfg!(target_os = "linux") && own_folder.exists() {
            return Ok(own_folder.join(name));
        }
        Ok(fs::canonicalize(&path).map_err(PathError::new("resolve", &path))?)
    }

    /// What `npm --version` says. The flags of other runs are left out: one of them is `--version=false`.
    pub fn version(&self, desk: &dyn Desk) -> Result<String, PublishError> {
        let arguments = ["--version", "--logs-max=0"].map(str::to_owned);
        Ok(self
            .run_program(program(), &arguments, &self.environment, desk)?
            .stdout
            .trim()
            .to_owned())
    }

    /// What `node --version` says, of the node that npm runs on.
    pub fn node_version(&self, desk: &dyn Desk) -> Result<String, PublishError> {
        Ok(self
            .run_program("node", &["--version".to_owned()], &self.environment, desk)?
            .stdout
            .trim()
            .to_owned())
    }

    /// The registry that npm has built in, whatever configuration there is.
    pub fn default_registry(&self, desk: &dyn Desk) -> Result<RegistryUrl, PublishError> {
        let empty = self.folder().join("empty-npmrc");
        fs::write(&empty, "").map_err(PathError::new("write", &empty))?;
        let arguments = [
            "config",
            "get",
            "registry",
            "--userconfig",
            &empty.to_string_lossy(),
        ]
        .map(str::to_owned);
        let kept = ["PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "HOME", "USERPROFILE"];
        let mut environment = self.environment.clone();
        environment.retain(|name, _| kept.contains(&name.as_str()));
        let said = self.run_program(program(), &self.with_common(&arguments), &environment, desk)?;
        said.stdout
            .trim()
            .parse()
            .map_err(|_| PublishError::Prerequisite {
                message: format!("npm printed `{}` instead of a registry", said.stdout.trim()),
                hint: "set npm.registry in release-policy.json, or fix npm's configuration".to_owned(),
            })
    }

    /// Whether the registry takes npm's credentials. Nothing is written; where a registry cannot say, publishing will.
    pub fn check_credentials(&self, registry: &RegistryUrl, desk: &dyn Desk) -> Result<(), PublishError> {
        let mut arguments = vec!["whoami".to_owned(), "--fetch-retries=0".to_owned()];
        arguments.extend(registry_flags(registry));
        let said = self.run(&arguments, desk)?;
        if said.succeeded && !said.stdout.trim().is_empty() {
            return Ok(());
        }
        let is_code = |codes: &[&str]| codes.iter().any(|code| said.tail.contains(code));
        if is_code(&["E404", "E405", "E501"]) {
            return Ok(());
        }
        if said.failure() == NpmFailure::Credentials || said.succeeded || is_code(&["E403"]) {
            return Err(PublishError::Prerequisite {
                message: format!("npm has no credentials that {registry} accepts; nothing was written"),
                hint: format!("npm login {}", registry_flags(registry).join(" ")),
            });
        }
        Err(PublishError::Registry {
            address: format!("{registry}-/whoami"),
            cause: format!("`{}` failed with {}: {}", said.command, said.exit, said.tail),
        })
    }

    /// Whether npm has the subcommand.
    pub fn has(&self, words: &[&str], desk: &dyn Desk) -> Result<bool, PublishError> {
        let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        arguments.push("--help".to_owned());
        let said = self.run_program(program(), &arguments, &self.environment, desk)?;
        Ok(said.succeeded)
    }

    /// Runs npm with `arguments` to its end. Only an npm that cannot be started is an error.
    pub fn run(&self, arguments: &[String], desk: &dyn Desk) -> Result<NpmOutput, PublishError> {
        self.run_program(program(), &self.with_common(arguments), &self.environment, desk)
    }

    /// No log files, which would hold the command line and the addresses; no global configuration; no notices.
    fn with_common(&self, arguments: &[String]) -> Vec<String> {
        let global = self.folder().join("global-npmrc");
        let mut all = arguments.to_vec();
        all.extend(["--logs-max=0", "--no-update-notifier", "--no-fund", "--no-audit"].map(str::to_owned));
        // Any of these in a user's settings makes npm do something else, and call it a success.
        for setting in [
            "usage",
            "version",
            "versions",
            "global",
            "workspaces",
            "offline",
            "prefer-offline",
            "dry-run",
        ] {
            all.push(format!("--{setting}=false"));
        }
        all.push("--loglevel=notice".to_owned());
        all.push("--globalconfig".to_owned());
        all.push(global.to_string_lossy().into_owned());
        all
    }

    fn run_program(
        &self,
        program: &str,
        arguments: &[String],
        environment: &Environment,
        desk: &dyn Desk,
    ) -> Result<NpmOutput, PublishError> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment)
            .current_dir(self.folder());
        let line = line_of(&command);
        let output = process::collect(command, Supervision::new(desk.interrupt()));
        let Output {
            status,
            stdout,
            stderr,
        } = output.map_err(|error| match error {
            ProcessError::Interrupted(_) => PublishError::Interrupted,
            error => PublishError::Prerequisite {
                message: format!("failed to run `{program}`: {error}"),
                hint: format!("install `{program}` and make sure it is on PATH"),
            },
        })?;
        let said: Vec<&str> = stdout.lines().chain(stderr.lines()).collect();
        let tail = said[said.len().saturating_sub(TAIL_LINES)..].join("\n");
        Ok(NpmOutput {
            command: self.redaction.apply(&line),
            succeeded: status.success(),
            exit: describe_exit(status),
            tail: self.redaction.apply(&tail),
            stdout,
        })
    }
}

/// npm's name on this system.
fn program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}
