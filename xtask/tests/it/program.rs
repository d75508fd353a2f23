//! The built toolchain, in a folder and with an environment of its own, and what it printed.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::OnceLock;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use ktx_fixtures::github::Github;

/// `xtask` with these arguments, in `folder`, which is its home too.
pub fn xtask(folder: &Path, arguments: &[&str]) -> Command {
    Command::from_std(process(folder, arguments))
}

/// The same, for a test that needs the running process: to signal it, or to read it while it works.
pub fn process(folder: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(cargo_bin!("xtask"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment(folder))
        .env("GITHUB_API_URL", github_without_pages())
        .stdin(Stdio::null());
    command
}

/// A GitHub where nothing was announced, so that no test asks the real one.
fn github_without_pages() -> String {
    static GITHUB: OnceLock<Github> = OnceLock::new();
    GITHUB
        .get_or_init(|| Github::start(Path::new("no-repository")))
        .url()
}

/// Of the user's environment only what it takes to find programs.
pub fn environment(home: &Path) -> Vec<(OsString, OsString)> {
    let inherited = ["PATH", "SystemRoot"].into_iter();
    let inherited = inherited.filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    inherited.chain([("HOME".into(), home.into())]).collect()
}

/// Exit status, stdout and stderr as one text.
#[must_use]
pub fn transcript(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let exit = output.status.code();
    let exit = exit.map_or("signal".to_owned(), |code| code.to_string());
    format!("exit {exit}\n--- stdout\n{stdout}--- stderr\n{stderr}")
}
