//! `ktx runtime`: the group of commands over the managed Python runtime.

mod bundle;
mod doctor;
mod install;
mod prune;
mod start;
mod status;
mod stop;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use ktx_app::runner;
use ktx_runtime::{Feature, FeatureSet};

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
    /// Make a file that installs the runtime on machines without a network
    Bundle(bundle::BundleArguments),
}

/// A value of `--feature`.
#[derive(Clone, Copy, Debug)]
pub struct FeatureArgument(Feature);

impl ValueEnum for FeatureArgument {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [FeatureArgument; Feature::ALL.len()] = {
            let mut all = [FeatureArgument(Feature::Core); Feature::ALL.len()];
            let mut place = 0;
            while place < all.len() {
                all[place] = FeatureArgument(Feature::ALL[place]);
                place += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let Self(feature) = self;
        let help = match feature {
            Feature::Core => feature.brings().to_owned(),
            _ => format!("core, and {} ({})", feature.brings(), feature.download()),
        };
        Some(PossibleValue::new(feature.name()).help(capitalised(&help)))
    }
}

impl FeatureArgument {
    /// The features of a flag that can be repeated.
    pub fn set(arguments: &[Self]) -> FeatureSet {
        FeatureSet::new(arguments.iter().map(|FeatureArgument(feature)| *feature))
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Says before somebody waits for an installation that uv or Python is missing for it.
pub fn warn_of_lacking(session: &Session) {
    let lacking = session.app.runtime().ok().and_then(|runtime| runtime.lacking());
    if let Some(lacking) = lacking {
        let hint = runner::spelled(&lacking.hint, &session.app.environment);
        session
            .printer
            .diagnostic(&format!("warning: {}", lacking.problem));
        session.printer.diagnostic(&format!("hint: {hint}"));
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
        RuntimeCommand::Bundle(arguments) => bundle::run(arguments, session),
    }
}
