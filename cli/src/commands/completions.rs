//! `ktx completions`: a script for the user's shell.

use clap::Args;
use clap_complete::Shell;

use crate::session::Session;

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for the commands below `root`.
pub fn run(arguments: &CompletionsArguments, root: &mut clap::Command, session: &Session) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, root, "ktx", &mut script);
    session.printer.raw(&String::from_utf8_lossy(&script));
}
