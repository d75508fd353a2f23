//! Where everything of a runtime is: a pure function of platform, environment, home, version and asset directory.
//!
//! Reads no files. A layout can be computed for another platform than the host's, with that platform's separator.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Environment;

/// The families of systems whose conventions for user files differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPlatform {
    /// `~/Library/Application Support`.
    MacOs,
    /// `%LOCALAPPDATA%`.
    Windows,
    /// The XDG base directory specification.
    Other,
}

impl HostPlatform {
    /// The platform this program was built for.
    pub const CURRENT: HostPlatform = if cfg!(target_os = "macos") {
        HostPlatform::MacOs
    } else if cfg!(windows) {
        HostPlatform::Windows
    } else {
        HostPlatform::Other
    };
}

/// The paths of one version's runtime. The keys are those of `ktx runtime status --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    /// The version of the running program.
    pub cli_version: String,
    #[serde(serialize_with = "lossy")]
    pub runtime_root: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub version_dir: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub venv_dir: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub manifest_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub install_log_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub asset_dir: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub asset_manifest_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub python_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub daemon_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub daemon_state_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub daemon_stdout_path: PathBuf,
    #[serde(serialize_with = "lossy")]
    pub daemon_stderr_path: PathBuf,
    #[serde(skip)]
    platform: HostPlatform,
}

/// Why no layout could be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// `KTX_RUNTIME_ROOT` depends on the working directory.
    #[error("KTX_RUNTIME_ROOT must be an absolute path: {0}")]
    RelativeRoot(String),
    /// Neither a home directory nor a variable says where user files go.
    #[error("failed to find a place for the KTX Python runtime: no home directory is known")]
    NoHome,
}

impl LayoutError {
    /// What to set.
    pub fn hint(&self) -> &'static str {
        match self {
            LayoutError::RelativeRoot(_) => "give the whole path, or unset it",
            LayoutError::NoHome => "set HOME or KTX_RUNTIME_ROOT",
        }
    }
}

impl Layout {
    /// The layout of `version` on `platform`.
    ///
    /// # Errors
    /// [`LayoutError`] when the root is unknown.
    pub fn new(
        platform: HostPlatform,
        environment: &Environment,
        version: &str,
        asset_dir: &Path,
    ) -> Result<Layout, LayoutError> {
        let root = runtime_root(platform, environment)?;
        Ok(Layout::under_root(platform, &root, version, asset_dir))
    }

    /// The layout of `version` under a root that is already known.
    pub fn under_root(platform: HostPlatform, root: &Path, version: &str, asset_dir: &Path) -> Layout {
        let version_dir = join(platform, root.as_os_str(), &[version]);
        let in_version = |parts: &[&str]| join(platform, version_dir.as_os_str(), parts);
        let (scripts, suffix) = match platform {
            HostPlatform::Windows => ("Scripts", ".exe"),
            HostPlatform::MacOs | HostPlatform::Other => ("bin", ""),
        };
        Layout {
            cli_version: version.to_owned(),
            runtime_root: root.to_owned(),
            venv_dir: in_version(&[".venv"]),
            manifest_path: in_version(&["manifest.json"]),
            install_log_path: in_version(&["install.log"]),
            asset_dir: asset_dir.to_owned(),
            asset_manifest_path: join(platform, asset_dir.as_os_str(), &["manifest.json"]),
            python_path: in_version(&[".venv", scripts, &format!("python{suffix}")]),
            daemon_path: in_version(&[".venv", scripts, &format!("ktx-daemon{suffix}")]),
            daemon_state_path: in_version(&["daemon.json"]),
            daemon_stdout_path: in_version(&["daemon.stdout.log"]),
            daemon_stderr_path: in_version(&["daemon.stderr.log"]),
            version_dir,
            platform,
        }
    }

    /// The same layout with another version directory: for what is staged, and for other versions under the root.
    #[must_use]
    pub fn in_directory(&self, name: &str) -> Layout {
        Layout {
            cli_version: self.cli_version.clone(),
            ..Layout::under_root(self.platform, &self.runtime_root, name, &self.asset_dir)
        }
    }

    /// The token of the recorded daemon.
    pub fn daemon_token_path(&self) -> PathBuf {
        join(self.platform, self.version_dir.as_os_str(), &["daemon.token"])
    }

    /// What a starting daemon writes once it is bound.
    pub fn daemon_ready_path(&self) -> PathBuf {
        join(
            self.platform,
            self.version_dir.as_os_str(),
            &["daemon.ready.json"],
        )
    }
}

/// The name of the file that marks a version directory as ours.
pub const MARKER: &str = ".ktx-runtime";

fn runtime_root(platform: HostPlatform, environment: &Environment) -> Result<PathBuf, LayoutError> {
    if let Some(root) = environment.variable("KTX_RUNTIME_ROOT") {
        return if is_absolute(platform, root) {
            Ok(PathBuf::from(root))
        } else {
            Err(LayoutError::RelativeRoot(root.to_string_lossy().into_owned()))
        };
    }
    let home = || environment.home().ok_or(LayoutError::NoHome).map(Path::as_os_str);
    match platform {
        HostPlatform::MacOs => Ok(join(
            platform,
            home()?,
            &["Library", "Application Support", "kaelio", "ktx", "runtime"],
        )),
        HostPlatform::Windows => {
            let local = match environment.variable("LOCALAPPDATA") {
                Some(local) => PathBuf::from(local),
                None => join(platform, home()?, &["AppData", "Local"]),
            };
            Ok(join(platform, local.as_os_str(), &["Kaelio", "KTX", "runtime"]))
        }
        HostPlatform::Other => {
            // The XDG base directory specification: a relative path is invalid and to be ignored.
            let share = match environment
                .variable("XDG_DATA_HOME")
                .filter(|path| is_absolute(platform, path))
            {
                Some(share) => PathBuf::from(share),
                None => join(platform, home()?, &[".local", "share"]),
            };
            Ok(join(platform, share.as_os_str(), &["kaelio", "ktx", "runtime"]))
        }
    }
}

/// `Path::is_absolute` knows the host's rules alone.
fn is_absolute(platform: HostPlatform, path: &OsStr) -> bool {
    let bytes = path.as_encoded_bytes();
    match platform {
        HostPlatform::Windows => {
            let drive = bytes.len() >= 3
                && bytes[0].is_ascii_alphabetic()
                && bytes[1] == b':'
                && matches!(bytes[2], b'\\' | b'/');
            drive || bytes.starts_with(br"\\")
        }
        HostPlatform::MacOs | HostPlatform::Other => bytes.starts_with(b"/"),
    }
}

/// `Path::join` knows the host's separator alone.
fn join(platform: HostPlatform, base: &OsStr, parts: &[&str]) -> PathBuf {
    let (separator, ends): (&str, &[u8]) = match platform {
        HostPlatform::Windows => ("\\", b"\\/"),
        HostPlatform::MacOs | HostPlatform::Other => ("/", b"/"),
    };
    let mut path = OsString::from(base);
    for part in parts {
        let ended = path
            .as_encoded_bytes()
            .last()
            .is_some_and(|last| ends.contains(last));
        if !ended {
            path.push(separator);
        }
        path.push(part);
    }
    PathBuf::from(path)
}

/// JSON has no bytes: a path that is not UTF-8 is shown with replacement characters, as on a terminal.
fn lossy<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(platform: HostPlatform, variables: &[(&str, &str)], expected: Result<&str, LayoutError>) {
        let environment = Environment::of_variables(variables.iter().copied());
        let layout = Layout::new(platform, &environment, "0.4.0", Path::new("/assets"));
        assert_eq!(
            layout.map(|layout| layout.runtime_root),
            expected.map(PathBuf::from),
            "{variables:?}"
        );
    }

    #[test]
    fn the_root_follows_the_platform_and_its_variables() {
        let home = ("HOME", "/home/ada");
        for platform in [HostPlatform::Other, HostPlatform::MacOs] {
            check(
                platform,
                &[home, ("KTX_RUNTIME_ROOT", "/srv/ktx")],
                Ok("/srv/ktx"),
            );
            check(
                platform,
                &[("KTX_RUNTIME_ROOT", "/srv/k #;%20")],
                Ok("/srv/k #;%20"),
            );
            check(
                platform,
                &[home, ("KTX_RUNTIME_ROOT", "ktx")],
                Err(LayoutError::RelativeRoot("ktx".into())),
            );
            check(platform, &[], Err(LayoutError::NoHome));
        }
        let other = HostPlatform::Other;
        check(other, &[home], Ok("/home/ada/.local/share/kaelio/ktx/runtime"));
        check(other, &[("HOME", "/")], Ok("/.local/share/kaelio/ktx/runtime"));
        check(
            other,
            &[home, ("XDG_DATA_HOME", "/data")],
            Ok("/data/kaelio/ktx/runtime"),
        );
        check(
            other,
            &[home, ("XDG_DATA_HOME", "")],
            Ok("/home/ada/.local/share/kaelio/ktx/runtime"),
        );
        check(
            other,
            &[home, ("XDG_DATA_HOME", "data")],
            Ok("/home/ada/.local/share/kaelio/ktx/runtime"),
        );
        check(
            other,
            &[home, ("KTX_RUNTIME_ROOT", "")],
            Ok("/home/ada/.local/share/kaelio/ktx/runtime"),
        );
        check(
            HostPlatform::MacOs,
            &[home, ("XDG_DATA_HOME", "/data")],
            Ok("/home/ada/Library/Application Support/kaelio/ktx/runtime"),
        );
        let windows = HostPlatform::Windows;
        check(
            windows,
            &[("LOCALAPPDATA", r"C:\L")],
            Ok(r"C:\L\Kaelio\KTX\runtime"),
        );
        check(
            windows,
            &[("KTX_RUNTIME_ROOT", r"\\server\share\ktx")],
            Ok(r"\\server\share\ktx"),
        );
        check(
            windows,
            &[("KTX_RUNTIME_ROOT", r"C:ktx")],
            Err(LayoutError::RelativeRoot("C:ktx".into())),
        );
    }

    #[test]
    fn every_path_uses_the_separator_of_its_platform() {
        let environment = Environment::of_variables([("LOCALAPPDATA", r"C:\Users\ada\AppData\Local")]);
        let layout = Layout::new(
            HostPlatform::Windows,
            &environment,
            "0.4.0",
            Path::new(r"C:\p\assets\python"),
        );
        let json = serde_json::to_string_pretty(&layout.expect("a layout")).expect("JSON");
        insta::assert_snapshot!(json, @r#"
        {
          "cliVersion": "0.4.0",
          "runtimeRoot": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime",
          "versionDir": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0",
          "venvDir": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\.venv",
          "manifestPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\manifest.json",
          "installLogPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\install.log",
          "assetDir": "C:\\p\\assets\\python",
          "assetManifestPath": "C:\\p\\assets\\python\\manifest.json",
          "pythonPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\.venv\\Scripts\\python.exe",
          "daemonPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\.venv\\Scripts\\ktx-daemon.exe",
          "daemonStatePath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\daemon.json",
          "daemonStdoutPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\daemon.stdout.log",
          "daemonStderrPath": "C:\\Users\\ada\\AppData\\Local\\Kaelio\\KTX\\runtime\\0.4.0\\daemon.stderr.log"
        }
        "#);
    }

    #[test]
    fn the_keys_are_those_of_status() {
        let layout = Layout::under_root(
            HostPlatform::Other,
            Path::new("/r"),
            "0.4.0",
            Path::new("/p/assets/python"),
        );
        insta::assert_snapshot!(serde_json::to_string_pretty(&layout).expect("JSON"), @r#"
        {
          "cliVersion": "0.4.0",
          "runtimeRoot": "/r",
          "versionDir": "/r/0.4.0",
          "venvDir": "/r/0.4.0/.venv",
          "manifestPath": "/r/0.4.0/manifest.json",
          "installLogPath": "/r/0.4.0/install.log",
          "assetDir": "/p/assets/python",
          "assetManifestPath": "/p/assets/python/manifest.json",
          "pythonPath": "/r/0.4.0/.venv/bin/python",
          "daemonPath": "/r/0.4.0/.venv/bin/ktx-daemon",
          "daemonStatePath": "/r/0.4.0/daemon.json",
          "daemonStdoutPath": "/r/0.4.0/daemon.stdout.log",
          "daemonStderrPath": "/r/0.4.0/daemon.stderr.log"
        }
        "#);
        assert_eq!(layout.daemon_token_path(), Path::new("/r/0.4.0/daemon.token"));
        assert_eq!(
            layout.in_directory("0.3.0").manifest_path,
            Path::new("/r/0.3.0/manifest.json")
        );
        assert_eq!(layout.in_directory("0.3.0").cli_version, "0.4.0");
    }
}
