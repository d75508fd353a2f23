//! uv: which one, whether it is new enough, and the three commands that fill a virtual environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use ktx_manifest::VerifiedAssets;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::environment;
use super::log::InstallLog;
use super::redaction::Redaction;
use super::staging::StagedRuntime;
use crate::observer::{Event, Step};
use crate::process::{self, ProcessError, Supervision};
use crate::{Environment, Error, Feature, FeatureSet, Runtime};

/// The oldest uv whose `venv --relocatable` and `--require-hashes`, with locked files and direct URLs, were tried and
/// found to work.
pub const MINIMUM: (u64, u64, u64) = (0, 5, 0);
const MINIMUM_TEXT: &str = "0.5.0";

/// Everything that means something in a URL or a requirement is written as `%xx`; `/` parts the path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A uv that answered.
#[derive(Clone, Debug)]
pub struct Uv {
    path: PathBuf,
    version: String,
}

/// What `uv` says about the Python it would use.
#[derive(Clone, Debug)]
pub enum FoundPython {
    At(PathBuf),
    None(String),
}

impl Uv {
    /// The uv that `KTX_UV` names, else the one on `PATH`.
    ///
    /// # Errors
    /// When there is none, when it does not answer, or when it is too old.
    pub fn find(runtime: &Runtime) -> Result<Uv, Error> {
        let path = locate(runtime.environment()).ok_or(Error::UvMissing)?;
        let version = ask_version(runtime, &path)?;
        let uv = Uv { path, version };
        match uv.parsed_version() {
            Some(version) if version < MINIMUM => Err(Error::UvTooOld {
                path: uv.path,
                found: uv.version.trim_start_matches("uv ").to_owned(),
                wanted: MINIMUM_TEXT,
            }),
            _ => Ok(uv),
        }
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
        let mut command = Command::new(&self.path);
        environment::apply(&mut command, runtime.environment(), work);
        command.env("UV_PYTHON_DOWNLOADS", "never");
        command.args(["python", "find", "--no-project", requires_python]);
        match collect(runtime, command) {
            Ok((true, stdout, _)) => FoundPython::At(PathBuf::from(stdout.trim())),
            Ok((false, _, stderr)) => FoundPython::None(stderr.trim().to_owned()),
            Err(error) => FoundPython::None(error.to_string()),
        }
    }

    /// Makes the virtual environment, installs the locked requirements into it, and then the wheel.
    pub(super) fn populate(
        &self,
        runtime: &Runtime,
        staged: &StagedRuntime,
        verified: &VerifiedAssets,
        features: &FeatureSet,
        log: &mut InstallLog,
    ) -> Result<(), Error> {
        log.redact(Redaction::of(runtime.environment()));
        environment::prepare_work(staged.work())?;
        let (requirements, level) = match features.highest() {
            Feature::Core => (verified.core_requirements(), Feature::Core),
            Feature::LocalEmbeddings => (verified.local_embeddings_requirements(), Feature::LocalEmbeddings),
        };
        // A copy of the bytes whose digest was checked, under a name without surprises.
        fs_err::write(staged.work().join("requirements.txt"), requirements)?;
        let requires_python = verified.manifest().requires_python().to_string();
        let venv = staged.layout().venv_dir.as_os_str();
        let python = staged.layout().python_path.as_os_str();
        fs_err::write(
            staged.work().join("wheel.txt"),
            wheel_requirement(verified, staged.work())?,
        )?;

        let create: [&OsStr; 5] = [
            "venv".as_ref(),
            "--relocatable".as_ref(),
            "--python".as_ref(),
            requires_python.as_ref(),
            venv,
        ];
        self.step(runtime, Step::CreateEnvironment, staged, log, &create)?;

        let into: [&OsStr; 4] = ["pip".as_ref(), "install".as_ref(), "--python".as_ref(), python];
        let mut locked: Vec<&OsStr> = into.to_vec();
        locked.extend(["--require-hashes", "-r", "requirements.txt"].map(OsStr::new));
        if level == Feature::LocalEmbeddings {
            // Building PyTorch from its sources is not what anybody wants here.
            locked.push("--no-build".as_ref());
        }
        self.step(runtime, Step::InstallRequirements, staged, log, &locked)
            .map_err(|error| unsupported_platform(error, level))?;

        let mut bundled: Vec<&OsStr> = into.to_vec();
        bundled.extend(["--no-deps", "--require-hashes", "-r", "wheel.txt"].map(OsStr::new));
        self.step(runtime, Step::InstallWheel, staged, log, &bundled)
    }

    fn step(
        &self,
        runtime: &Runtime,
        step: Step,
        staged: &StagedRuntime,
        log: &mut InstallLog,
        arguments: &[&OsStr],
    ) -> Result<(), Error> {
        runtime.begin(step)?;
        let mut command = Command::new(&self.path);
        environment::apply(&mut command, runtime.environment(), staged.work());
        command.args(arguments);
        log.command(self.path.as_os_str(), arguments);
        let mut growth = Growth::of(self, runtime, staged);
        let supervision = Supervision {
            interrupt: runtime.interrupt(),
            silence: Some(runtime.limits().silence),
            grows: &mut || growth.has_grown(),
            timeout: None,
        };
        let ended = process::run(command, None, supervision, &mut |_, piece| {
            log.output(piece, |line| runtime.observer().observe(&Event::Output(line)));
        });
        let shown = format!("`{} {}`", file_name(&self.path), leading_words(arguments));
        match ended {
            Ok(ended) if ended.status.success() => Ok(()),
            Ok(ended) => Err(log.failed(format!(
                "failed at {}: {shown} ended with {}",
                step.description(),
                ended.status
            ))),
            Err(ProcessError::Interrupted(interrupted)) => Err(interrupted.into()),
            Err(error) => Err(log.failed(format!("failed at {}: {shown}: {error}", step.description()))),
        }
    }

    fn parsed_version(&self) -> Option<(u64, u64, u64)> {
        let number = self.version.split_ascii_whitespace().nth(1)?;
        let mut parts = number.split(['.', '-', '+']).map(str::parse);
        let mut next = || parts.next()?.ok();
        Some((next()?, next()?, next()?))
    }
}

/// The line of a requirements file that names the wheel by a direct URL, with the digest in the form that every uv from
/// [`MINIMUM`] on compares: the fragment of a URL is passed over by uv 0.7. A path that is not UTF-8 has no
/// such spelling: then uv reads a copy.
fn wheel_requirement(verified: &VerifiedAssets, work: &Path) -> Result<String, Error> {
    let bundled = verified.wheel_path();
    let readable = match bundled.to_str() {
        Some(_) => std::path::absolute(&bundled).map_err(Error::Io)?,
        None => {
            let copy = work.join(verified.manifest().wheel().file.to_string());
            fs_err::copy(&bundled, &copy)?;
            copy
        }
    };
    let path = readable.to_string_lossy().replace('\\', "/");
    let root = if path.starts_with('/') { "" } else { "/" };
    let digest = verified.manifest().wheel().content.sha256;
    let name = ktx_manifest::asset_manifest::DISTRIBUTION_NAME;
    let url = utf8_percent_encode(&path, PATH);
    Ok(format!("{name} @ file://{root}{url} --hash=sha256:{digest}\n"))
}

/// uv says at length that a locked version has no wheel; people want to know what that means.
fn unsupported_platform(error: Error, level: Feature) -> Error {
    match error {
        Error::InstallFailed { reason, tail, log }
            if level == Feature::LocalEmbeddings
                && [
                    "no usable wheels",
                    "no wheels",
                    "--no-build",
                    "building source distributions is disabled",
                ]
                .iter()
                .any(|said| tail.to_lowercase().contains(said)) =>
        {
            let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
            let reason = format!(
                "local-embeddings is not supported on {system}: a dependency has no wheel for it\n{reason}"
            );
            Error::InstallFailed { reason, tail, log }
        }
        other => other,
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

fn ask_version(runtime: &Runtime, path: &Path) -> Result<String, Error> {
    let mut command = Command::new(path);
    let work = path.parent().unwrap_or(Path::new("/"));
    environment::apply(&mut command, runtime.environment(), work);
    command.arg("--version");
    let broken = |reason: String| Error::UvBroken {
        path: path.to_owned(),
        reason,
    };
    match collect(runtime, command) {
        Ok((true, stdout, _)) => Ok(stdout.trim().to_owned()),
        Ok((false, stdout, stderr)) => Err(broken(format!("{}{}", stderr.trim(), stdout.trim()))),
        Err(ProcessError::Interrupted(interrupted)) => Err(interrupted.into()),
        Err(error) => Err(broken(error.to_string())),
    }
}

fn collect(runtime: &Runtime, command: Command) -> Result<(bool, String, String), ProcessError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let supervision = Supervision {
        interrupt: runtime.interrupt(),
        silence: Some(runtime.limits().silence.min(std::time::Duration::from_secs(30))),
        grows: &mut || false,
        timeout: None,
    };
    let ended = process::run(command, None, supervision, &mut |stream, piece| match stream {
        process::Stream::Stdout => stdout.extend_from_slice(piece),
        process::Stream::Stderr => stderr.extend_from_slice(piece),
    })?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((ended.status.success(), text(stdout), text(stderr)))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// The words of a command line up to its first flag: enough to tell which command it was; the log has the whole.
fn leading_words(arguments: &[&OsStr]) -> String {
    let words: Vec<String> = arguments
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .take_while(|argument| !argument.starts_with('-'))
        .collect();
    words.join(" ")
}

/// Whether uv is writing somewhere while it says nothing: it downloads into its cache and unpacks into the staging.
struct Growth<'a> {
    uv: &'a Uv,
    runtime: &'a Runtime,
    staged: &'a StagedRuntime,
    cache: Option<PathBuf>,
    seen: Option<u64>,
}

impl<'a> Growth<'a> {
    fn of(uv: &'a Uv, runtime: &'a Runtime, staged: &'a StagedRuntime) -> Growth<'a> {
        Growth {
            uv,
            runtime,
            staged,
            cache: None,
            seen: None,
        }
    }

    fn has_grown(&mut self) -> bool {
        let cache = self.cache.get_or_insert_with(|| {
            let mut command = Command::new(&self.uv.path);
            environment::apply(&mut command, self.runtime.environment(), self.staged.work());
            command.args(["cache", "dir"]);
            let said = collect(self.runtime, command).map(|(_, stdout, _)| stdout);
            PathBuf::from(said.unwrap_or_default().trim())
        });
        let size = crate::disk::size_of(&self.staged.layout().version_dir) + crate::disk::size_of(cache);
        let before = self.seen.replace(size);
        before.is_some_and(|before| before != size)
    }
}
