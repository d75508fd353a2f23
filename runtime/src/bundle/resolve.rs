//! Which wheels an installation takes on another platform: uv says it, as a lock in the format of PEP 751.

use std::path::{Path, PathBuf};

use ktx_manifest::Platform;
use serde::Deserialize;
use url::Url;

use crate::install::Uv;
use crate::install::uv::collect;
use crate::{Error, Runtime};

/// A wheel and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundWheel {
    pub file: String,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(Url),
    Local(PathBuf),
}

/// <https://packaging.python.org/en/latest/specifications/pylock-toml/>, as far as it matters here.
#[derive(Deserialize)]
struct Pylock {
    #[serde(default)]
    packages: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    #[serde(default)]
    wheels: Vec<Wheel>,
}

#[derive(Deserialize)]
struct Wheel {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

/// The platforms by uv's names, the one that most machines can use first: a wheel for an older glibc runs with a newer
/// one.
const fn targets(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::LinuxX64 => &[
            "x86_64-manylinux2014",
            "x86_64-manylinux_2_28",
            "x86_64-manylinux_2_34",
        ],
        Platform::LinuxArm64 => &[
            "aarch64-manylinux2014",
            "aarch64-manylinux_2_28",
            "aarch64-manylinux_2_34",
        ],
        Platform::DarwinX64 => &["x86_64-apple-darwin"],
        Platform::DarwinArm64 => &["aarch64-apple-darwin"],
        Platform::Win32X64 => &["x86_64-pc-windows-msvc"],
    }
}

/// The wheels that the locked requirements in `work` become on a platform.
///
/// # Errors
/// The reason that uv gives, when it finds none for the oldest and none for the newest systems.
pub(super) fn wheels(
    runtime: &Runtime,
    uv: &Uv,
    work: &Path,
    platform: Platform,
    python: &str,
) -> Result<Result<Vec<FoundWheel>, String>, Error> {
    let mut reason = String::new();
    for target in targets(platform) {
        let mut command = uv.command(runtime, work);
        command.args([
            "pip",
            "compile",
            "--no-config",
            "--quiet",
            "--no-deps",
            "--no-header",
        ]);
        command.args(["--only-binary", ":all:", "--format", "pylock.toml"]);
        command.args(["--python-platform", target, "--python-version", python]);
        command.args(["--output-file", "pylock.toml", "requirements.txt"]);
        match collect(runtime, command) {
            Ok(output) if output.status.success() => {
                let text = fs_err::read_to_string(work.join("pylock.toml"))?;
                fs_err::remove_file(work.join("pylock.toml"))?;
                return Ok(read(&text, work));
            }
            Ok(output) => reason = output.stderr.trim().to_owned(),
            Err(ktx_system::process::ProcessError::Interrupted(interrupted)) => {
                return Err(interrupted.into());
            }
            Err(error) => reason = error.to_string(),
        }
    }
    Ok(Err(reason))
}

fn read(text: &str, folder: &Path) -> Result<Vec<FoundWheel>, String> {
    let lock: Pylock = toml_edit::de::from_str(text).map_err(|error| error.to_string())?;
    lock.packages
        .into_iter()
        .map(|package| wheel(package, folder))
        .collect()
}

fn wheel(package: LockedPackage, folder: &Path) -> Result<FoundWheel, String> {
    let missing = || format!("the index has no wheel of {} for it", package.name);
    let wheel = package.wheels.first().ok_or_else(missing)?;
    let place = match (&wheel.url, &wheel.path) {
        (Some(url), _) => {
            let url = Url::parse(url).map_err(|error| error.to_string())?;
            match url.scheme() {
                "file" => Place::Local(url.to_file_path().map_err(|()| missing())?),
                _ => Place::At(url),
            }
        }
        (None, Some(path)) => Place::Local(folder.join(path)),
        (None, None) => return Err(missing()),
    };
    let file = wheel.name.clone().or_else(|| match &place {
        Place::At(url) => {
            let last = url.path_segments()?.next_back()?;
            Some(
                percent_encoding::percent_decode_str(last)
                    .decode_utf8()
                    .ok()?
                    .into_owned(),
            )
        }
        Place::Local(path) => Some(path.file_name()?.to_str()?.to_owned()),
    });
    Ok(FoundWheel {
        file: file.ok_or_else(missing)?,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_are_on_an_index_or_in_a_folder() {
        let text = "lock-version = '1.0'\n[[packages]]\nname = 'a'\nwheels = [{ url = 'https://host.example/x/a-1%2Bb-py3-none-any.whl#h', size = 1, hashes = { sha256 = 'aa' } }]\n\
                    [[packages]]\nname = 'b'\nwheels = [{ path = '../links/b-1-py3-none-any.whl', hashes = {} }]\n\
                    [[packages]]\nname = 'c'\nwheels = [{ url = 'file:///links/c-1-py3-none-any.whl' }]\n";
        let found = read(text, Path::new("/locks")).expect("a lock");
        let names: Vec<_> = found.iter().map(|wheel| &*wheel.file).collect();
        assert_eq!(
            names,
            [
                "a-1+b-py3-none-any.whl",
                "b-1-py3-none-any.whl",
                "c-1-py3-none-any.whl"
            ]
        );
        assert!(matches!(found[0].place, Place::At(_)));
        assert_eq!(
            found[1].place,
            Place::Local("/locks/../links/b-1-py3-none-any.whl".into())
        );
        assert_eq!(found[2].place, Place::Local("/links/c-1-py3-none-any.whl".into()));
    }

    #[test]
    fn a_package_without_a_wheel_is_named() {
        for wheels in ["", "wheels = []", "wheels = [{ hashes = {} }]"] {
            let text = format!("[[packages]]\nname = 'only-source'\nsdist = {{}}\n{wheels}\n");
            let reason = read(&text, Path::new("/")).expect_err("no wheel");
            assert!(reason.contains("only-source"), "{reason}");
        }
    }
}
