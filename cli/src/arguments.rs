//! The root of the command line: the flags every command takes, and the list of commands.
//!
//! The flags of a command are defined beside what it does.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::version::VERSION;

/// Build and query a semantic layer over your databases
#[derive(Debug, Parser)]
#[command(
    name = "ktx",
    bin_name = "ktx",
    version = VERSION,
    disable_version_flag = true,
    disable_help_subcommand = true,
    help_template = "{usage-heading} {usage}\n\n{about-with-newline}\n{all-args}{after-help}",
    after_help = "Advanced: `ktx dev --help` lists the commands for working on a project's internals.",
    max_term_width = 100
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: GlobalArguments,
    /// Print the version
    #[arg(short = 'v', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that stand before or after any command.
#[derive(Clone, Debug, Args)]
pub struct GlobalArguments {
    /// The project's folder [default: KTX_PROJECT_DIR, the nearest folder with a ktx.yaml, or the current one]
    #[arg(long, global = true, value_name = "PATH")]
    pub project_dir: Option<PathBuf>,
    /// Say on stderr what is decided on the way
    #[arg(long, global = true)]
    pub debug: bool,
}
