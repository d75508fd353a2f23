//! The two commands of uv that make and fill a virtual environment.

mod find;
mod growth;
pub(crate) mod index;
pub(crate) mod managed;

use std::ffi::OsStr;
use std::path::Path;

use ktx_manifest::VerifiedAssets;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::find::CacheUse;
pub(crate) use self::find::collect;
pub use self::find::{FoundPython, Uv};
use self::growth::Growth;
pub(crate) use self::managed::unused;
use super::log::InstallLog;
use super::logged;
use super::staging::StagedRuntime;
use crate::observer::Step;
use crate::{Error, Feature, FeatureSet, Runtime};

/// Everything that means something in a URL or a requirement is written as `%xx`; `/` parts the path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What uv says when a locked version has no wheel for this platform.
const NO_WHEEL: [&str; 3] = [
    "no usable wheels",
    "no wheels with a matching",
    "building from source is disabled",
];

impl Uv {
    /// Makes the virtual environment and installs into it, in one step, the locked requirements and the wheel.
    pub(super) fn populate(
        &self,
        runtime: &Runtime,
        staged: &StagedRuntime,
        verified: &VerifiedAssets,
        features: &FeatureSet,
        log: &mut InstallLog,
    ) -> Result<(), Error> {
        // A copy of the bytes whose digests were checked, under a name without surprises.
        fs_err::write(
            staged.work().join("requirements.txt"),
            verified.requirements(features.iter()),
        )?;
        fs_err::write(
            staged.work().join("wheel.txt"),
            wheel_requirement(verified, staged.work())?,
        )?;
        let requires_python = verified.manifest().requires_python().to_string();
        let venv = staged.layout().venv_dir.as_os_str();
        let python = staged.layout().python_path.as_os_str();
        let create = ["venv", "--no-config", "--relocatable", "--python"];
        let mut create = create.map(OsStr::new).to_vec();
        create.extend([self.python.as_deref().unwrap_or(requires_python.as_ref()), venv]);
        self.step(runtime, Step::CreateEnvironment, staged, log, &create)?;

        // The lock is complete: with `--no-deps` nothing is resolved that is not in it.
        let install = [
            "pip",
            "install",
            "--no-config",
            "--no-deps",
            "--require-hashes",
            "--link-mode",
            "copy",
        ];
        let mut install = install.map(OsStr::new).to_vec();
        if *features != FeatureSet::from(Feature::Core) {
            // Nobody wants to build PyTorch or a database from source here.
            install.push("--no-build".as_ref());
        }
        if self.cache == CacheUse::Past {
            install.push("--no-cache".as_ref());
        }
        install.extend(["-r", "requirements.txt", "-r", "wheel.txt", "--python"].map(OsStr::new));
        install.push(python);
        self.step(runtime, Step::InstallRequirements, staged, log, &install)
            .map_err(|error| unsupported_platform(error, features))
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
        let mut command = self.command(runtime, staged.work());
        command.args(arguments);
        log.command(self.path().as_os_str(), arguments);
        let mut growth = Growth::of(self, runtime, staged);
        let what = format!(
            "failed at {}: `{} {}`",
            step.description(),
            file_name(self.path()),
            leading_words(arguments)
        );
        logged::run(runtime, log, &what, command, &mut || growth.has_grown())
    }
}

/// The line of a requirements file that names the wheel by a direct URL, with the digest in the form that every uv from
/// [`find::MINIMUM`] on compares: the fragment of a URL is passed over by uv 0.7. A path that is not UTF-8 has no
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
fn unsupported_platform(error: Error, features: &FeatureSet) -> Error {
    match error {
        Error::InstallFailed { reason, tail, log }
            if *features != FeatureSet::from(Feature::Core)
                && NO_WHEEL.iter().any(|said| tail.to_lowercase().contains(said)) =>
        {
            let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
            let names: Vec<&str> = features.named().map(Feature::name).collect();
            let reason = format!(
                "{} is not supported on {system}: a dependency has no wheel for it\n{reason}",
                names.join(" or ")
            );
            Error::InstallFailed { reason, tail, log }
        }
        other => other,
    }
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
