//! The built toolchain, in a folder and with an environment of its own, and what it printed.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::OnceLock;

use assert_cmd::Command;
use assert_cmd::cargo::{cargo_bin, cargo_bin_cmd};
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

/// Every command of `cargo xtask`, as its help lists them.
pub fn commands() -> Vec<String> {
    let help = cargo_bin_cmd!("xtask")
        .arg("--help")
        .output()
        .expect("xtask runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let entries = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|entry| !entry.starts_with(' '));
    let names = entries.filter_map(|entry| entry.split_whitespace().next());
    let names: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(names.len() > 5, "`cargo xtask --help` lists its commands: {help}");
    names
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
