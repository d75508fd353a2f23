//! The exit codes: one table, which `ktx --help` prints and the package's README repeats.

use std::process::ExitCode;

use ktx_runtime::Signal;

/// How a command ended, as an exit code. A command that a signal ended has the signal's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Also when the command had already reported why.
    Failed = 1,
    /// The command line is wrong, whether clap finds that or the command.
    Usage = 2,
}

impl Exit {
    const ALL: [Exit; 3] = [Exit::Done, Exit::Failed, Exit::Usage];

    fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "the command failed, or a check found something",
            Exit::Usage => "wrong usage",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// The part of the help text with every code and its meaning.
pub fn help() -> String {
    let rows = table().map(|(codes, meaning)| format!("  {codes:<13}  {meaning}\n"));
    format!("Exit codes:\n{}", rows.collect::<String>())
}

/// Codes that mean the same share a row.
fn table() -> impl Iterator<Item = (String, &'static str)> {
    let signals = Signal::ALL.map(|signal| signal.exit_code().to_string());
    let own = Exit::ALL.map(|exit| ((exit as u8).to_string(), exit.meaning()));
    let interrupted = "interrupted by SIGHUP, Ctrl-C or SIGTERM, after cleaning up";
    own.into_iter().chain([(signals.join(", "), interrupted)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_of_the_package_has_the_same_table() {
        let rows = table().map(|(codes, meaning)| format!("| {codes} | {meaning} |\n"));
        let expected: String = ["| Exit code | Meaning |\n| --- | --- |\n".to_owned()]
            .into_iter()
            .chain(rows)
            .collect();
        let readme = include_str!("../../npm/README.md");
        assert!(
            readme.contains(&format!("\n{expected}\n")),
            "npm/README.md lacks\n{expected}"
        );
    }
}
