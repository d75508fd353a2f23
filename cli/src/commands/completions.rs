//! `ktx completions`: a script for the user's shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: &CompletionsArguments, session: &Session) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "ktx", &mut script);
    session.printer.raw(&String::from_utf8_lossy(&script));
}
