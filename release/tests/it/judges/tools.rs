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

fn tool(path: &str) -> Command {
    let program = root().join("target/tools").join(path);
    assert!(
        program.exists(),
        "`{}` is not installed; run: cargo xtask test",
        program.display()
    );
    Command::new(program)
}

/// Runs a command in a folder with nothing of the user's configuration; it must succeed.
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
    command.current_dir(folder).env_clear();
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
