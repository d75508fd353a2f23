//! `ktx runtime`: the group of commands over the managed Python runtime.

mod doctor;
mod install;
mod prune;
mod start;
mod status;
mod stop;

use clap::{Args, Subcommand, ValueEnum};
use ktx_runtime::Feature;

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct RuntimeArguments {
    #[command(subcommand)]
    command: RuntimeCommand,
}

#[derive(Debug, Subcommand)]
enum RuntimeCommand {
    /// Install the Python runtime, or repair it
    Install(install::InstallArguments),
    /// Start the Python daemon, installing the runtime first when it is missing
    Start(start::StartArguments),
    /// Stop the Python daemon
    Stop(stop::StopArguments),
    /// Show whether the runtime is installed and fits this version of ktx
    Status(status::StatusArguments),
    /// Check what the runtime needs and explain what is wrong
    Doctor(doctor::DoctorArguments),
    /// Remove the runtimes of other versions of ktx
    Prune(prune::PruneArguments),
}

/// The values of `--feature`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum FeatureArgument {
    /// The semantic layer, SQL analysis and introspection
    #[default]
    Core,
    /// Core, and embeddings computed on this machine (PyTorch: up to 3 GB)
    LocalEmbeddings,
}

impl From<FeatureArgument> for Feature {
    fn from(argument: FeatureArgument) -> Self {
        match argument {
            FeatureArgument::Core => Self::Core,
            FeatureArgument::LocalEmbeddings => Self::LocalEmbeddings,
        }
    }
}

/// Runs one command of the group.
pub fn run(arguments: RuntimeArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        RuntimeCommand::Install(arguments) => install::run(arguments, session),
        RuntimeCommand::Start(arguments) => start::run(arguments, session),
        RuntimeCommand::Stop(arguments) => stop::run(arguments, session),
        RuntimeCommand::Status(arguments) => status::run(arguments, session),
        RuntimeCommand::Doctor(arguments) => doctor::run(arguments, session),
        RuntimeCommand::Prune(arguments) => prune::run(arguments, session),
    }
}
