//! The judges' programs, from the folder into which the toolchain installs them, run apart from the user's set-up.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::root;

/// A program of the pinned Python tools.
pub fn python_tool(name: &str) -> Command {
    tool(&format!("python/bin/{name}"))
}

/// A program of the pinned Node tools.
pub fn node_tool(name: &str) -> Command {
    tool(&format!("node/node_modules/.bin/{name}"))
}

/// A program of what uses the JS API.
pub fn consumer(name: &str) -> Command {
    tool(&format!("consumers/node_modules/.bin/{name}"))
}

/// The path of a file or folder that is installed beside the consumers.
pub fn installed_beside(name: &str) -> String {
    let path = installed(&format!("consumers/node_modules/{name}"));
    path.into_os_string().into_string().expect("a path in UTF-8")
}

/// The oldest Node.js that the package promises to run on; this machine's where the registry has none for it.
pub fn node_18() -> Command {
    match ktx_manifest::Platform::host() {
        Some(host) if host != ktx_manifest::Platform::DarwinArm64 => {
            tool(&format!("node-versions/node_modules/node-18-{host}/bin/node"))
        }
        _ => Command::new("node"),
    }
}

fn tool(path: &str) -> Command {
    Command::new(installed(path))
}

fn installed(path: &str) -> PathBuf {
    let path = root().join("target/tools").join(path);
    assert!(
        path.exists(),
        "`{}` is not installed; run: cargo xtask install-tools",
        path.display()
    );
    path
}

/// Runs a command in a folder with nothing of the user's configuration and its own variables; it must succeed.
#[track_caller]
pub fn accepted(command: &mut Command, folder: &Path) -> String {
    let output = run(command, folder);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}{stderr}",
        output.status
    );
    stdout.into_owned()
}

/// Runs a command as [`accepted`] does; it must fail.
#[track_caller]
pub fn rejected(command: &mut Command, folder: &Path) {
    let output = run(command, folder);
    assert!(!output.status.success(), "{command:?} was expected to fail");
}

fn run(command: &mut Command, folder: &Path) -> Output {
    let home = folder.join("home");
    let own: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command.current_dir(folder).env_clear().envs(own);
    // Programs are found, and Windows needs its own folder to start any.
    for name in ["PATH", "SystemRoot"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("HOME", &home)
        .env("npm_config_cache", home.join("npm"))
        .env("UV_CACHE_DIR", home.join("uv"));
    command
        .env("NO_COLOR", "1")
        .env("npm_config_update_notifier", "false");
    command
        .output()
        .unwrap_or_else(|error| panic!("failed to run {command:?}: {error}"))
}

/// An empty folder, and its path.
pub fn empty() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().to_owned();
    (folder, path)
}
