//! Which uv is used, whether it is new enough, and which Python it would take.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ktx_system::process::{self, Output, ProcessError, Supervision};

use super::managed::ManagedUv;
use crate::install::environment;
use crate::install::log::plain_text;
use crate::install::settings::UserSettings;

use crate::{Environment, Error, Runtime};

/// The oldest uv whose `venv --relocatable` and `--require-hashes`, with locked files and direct URLs, were tried and
/// found to work.
pub const MINIMUM: (u64, u64, u64) = (0, 5, 0);
const MINIMUM_TEXT: &str = "0.5.0";
const BUSY_ATTEMPTS: usize = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// A uv that answered.
#[derive(Clone, Debug)]
pub struct Uv {
    path: PathBuf,
    version: String,
    settings: UserSettings,
    pub(super) cache: CacheUse,
    /// What `uv venv` is asked for: a path or a version. What the wheel requires, when there is none.
    pub(super) python: Option<OsString>,
}

/// Whether what is in uv's cache is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheUse {
    Normal,
    /// What was installed from it was damaged: everything is fetched again.
    Past,
}

/// What `uv` says about the Python it would use.
#[derive(Clone, Debug)]
pub enum FoundPython {
    At(PathBuf),
    None(String),
}

impl Uv {
    /// The uv that `KTX_UV` names, else the one on `PATH`, else the one that ktx has downloaded for itself.
    ///
    /// # Errors
    /// When there is none, when it does not answer, or when it is too old.
    pub fn find(runtime: &Runtime) -> Result<Uv, Error> {
        let named = runtime.environment().variable("KTX_UV");
        let found = match locate(runtime.environment()) {
            Some(path) => Uv::at(runtime, path),
            None => Err(match named {
                Some(named) => Error::UvBroken {
                    path: named.into(),
                    reason: "KTX_UV names no program".to_owned(),
                },
                None => Error::UvMissing,
            }),
        };
        match found {
            Err(error @ (Error::UvMissing | Error::UvTooOld { .. })) if named.is_none() => {
                let managed = ManagedUv::of(runtime);
                match &managed {
                    Some(managed) => match managed.program(runtime)? {
                        Some(program) => Uv::at(runtime, program.to_owned()),
                        None => Err(error),
                    },
                    None => Err(error),
                }
            }
            found => found,
        }
    }

    /// The uv that [`Uv::find`] finds, else the pinned one, when the user agrees to downloading it.
    ///
    /// # Errors
    /// As [`Uv::find`]; when the download fails.
    pub fn obtain(runtime: &Runtime) -> Result<Uv, Error> {
        match Uv::find(runtime) {
            Err(error @ (Error::UvMissing | Error::UvTooOld { .. }))
                if runtime.environment().variable("KTX_UV").is_none() =>
            {
                match ManagedUv::of(runtime) {
                    Some(managed) => Uv::at(runtime, managed.obtain(runtime, error)?),
                    None => Err(error),
                }
            }
            found => found,
        }
    }

    /// The uv at a path, once it has said which version it is.
    pub(crate) fn at(runtime: &Runtime, path: PathBuf) -> Result<Uv, Error> {
        let mut uv = Uv {
            path,
            version: String::new(),
            settings: UserSettings::of(runtime.environment()),
            cache: CacheUse::Normal,
            python: None,
        };
        uv.version = uv.ask_version(runtime)?;
        match uv.parsed_version() {
            Some(version) if version < MINIMUM => Err(Error::UvTooOld {
                path: uv.path,
                found: uv.version.trim_start_matches("uv ").to_owned(),
                wanted: MINIMUM_TEXT,
            }),
            _ => Ok(uv),
        }
    }

    /// The same uv, which fetches everything again.
    #[must_use]
    pub fn without_cache(&self) -> Uv {
        Uv {
            cache: CacheUse::Past,
            ..self.clone()
        }
    }

    /// The same uv with these settings alone, for this Python.
    #[must_use]
    pub fn with_settings(self, settings: UserSettings, python: Option<OsString>) -> Uv {
        Uv {
            settings,
            python,
            ..self
        }
    }

    /// A command of it, with everything but its arguments.
    pub(crate) fn command(&self, runtime: &Runtime, work: &Path) -> Command {
        let mut command = Command::new(&self.path);
        environment::apply(&mut command, runtime.environment(), &self.settings, work);
        command
    }

    /// What it answers to `--version`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The Python that an installation would use now, without downloading one.
    pub fn find_python(&self, runtime: &Runtime, requires_python: &str, work: &Path) -> FoundPython {
        let command = self.find_command(runtime, requires_python, work);
        match collect(runtime, command) {
            Ok(output) if output.status.success() => FoundPython::At(PathBuf::from(output.stdout.trim())),
            Ok(output) => FoundPython::None(output.stderr.trim().to_owned()),
            Err(error) => FoundPython::None(error.to_string()),
        }
    }

    /// Looks for a Python and downloads none. Virtual environments around `work` are passed over: anybody can make one in
    /// the folder for temporary files, and uv runs the Python in it.
    pub(crate) fn find_command(&self, runtime: &Runtime, python: &str, work: &Path) -> Command {
        let mut command = self.command(runtime, work);
        command
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("UV_SYSTEM_PYTHON", "1")
            .args(["python", "find", "--no-project", python]);
        command
    }

    fn ask_version(&self, runtime: &Runtime) -> Result<String, Error> {
        let asked = || {
            let mut command = self.command(runtime, self.path.parent().unwrap_or(Path::new("/")));
            command.arg("--version");
            collect(runtime, command)
        };
        let mut answer = asked();
        for _ in 0..BUSY_ATTEMPTS {
            // A process that was forked while the program was written still has it open for writing, for a moment.
            let is_busy = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ExecutableFileBusy;
            if !matches!(&answer, Err(ProcessError::Spawn(error)) if is_busy(error)) {
                break;
            }
            std::thread::sleep(BUSY_PAUSE);
            answer = asked();
        }
        let broken = |reason: String| Error::UvBroken {
            path: self.path.clone(),
            reason,
        };
        match answer {
            Ok(output) if output.status.success() => Ok(output.stdout.trim().to_owned()),
            Ok(output) => Err(broken(plain_text(&format!(
                "{}{}",
                output.stderr.trim(),
                output.stdout.trim()
            )))),
            Err(ProcessError::Interrupted(interrupted)) => Err(interrupted.into()),
            Err(error) => Err(broken(error.to_string())),
        }
    }

    fn parsed_version(&self) -> Option<(u64, u64, u64)> {
        let number = self.version.split_ascii_whitespace().nth(1)?;
        let mut parts = number.split(['.', '-', '+']).map(str::parse);
        let mut next = || parts.next()?.ok();
        Some((next()?, next()?, next()?))
    }
}

fn locate(environment: &Environment) -> Option<PathBuf> {
    let named = environment.variable("KTX_UV").map(Path::new);
    match named {
        Some(named) if named.components().count() > 1 => {
            std::path::absolute(named).ok().filter(|path| path.is_file())
        }
        Some(named) => on_path(environment, named.as_os_str()),
        None => on_path(environment, OsStr::new("uv")),
    }
}

fn on_path(environment: &Environment, name: &OsStr) -> Option<PathBuf> {
    let mut file = name.to_owned();
    if cfg!(windows) && Path::new(name).extension().is_none() {
        file.push(".exe");
    }
    std::env::split_paths(environment.variable("PATH")?)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&file))
        .find(|candidate| is_program(candidate))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs_err::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

pub(crate) fn collect(runtime: &Runtime, command: Command) -> Result<Output, ProcessError> {
    let limit = runtime.limits().silence.min(Duration::from_secs(30));
    let mut grows = || false;
    let supervision = Supervision::new(runtime.interrupt()).silent_for_at_most(limit, &mut grows);
    process::collect(command, supervision)
}
