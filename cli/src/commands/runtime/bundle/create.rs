//! `ktx runtime bundle create`

use std::path::PathBuf;

use clap::Args;
use ktx_runtime::{BundleRequest, Platform};

use super::super::FeatureArgument;
use super::BundleDocument;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct CreateArguments {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// What the bundle installs, can be repeated
    #[arg(long = "feature", value_enum, default_value = "core", value_name = "FEATURE")]
    features: Vec<FeatureArgument>,
    /// Version of Python on the machines without a network
    #[arg(long, default_value = "3.13", value_name = "VERSION")]
    python: String,
    /// Platform of those machines, can be repeated [default: this one] [possible values: darwin-arm64, darwin-x64,
    /// linux-arm64, linux-x64, win32-x64]
    #[arg(long = "platform", value_name = "PLATFORM")]
    platforms: Vec<Platform>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: CreateArguments, session: &Session) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    let report = runtime.create_bundle(&BundleRequest {
        output: arguments.output,
        features: FeatureArgument::set(&arguments.features),
        python: arguments.python,
        platforms: arguments.platforms,
    })?;
    let document = BundleDocument::of("created", &report);
    if arguments.json {
        session.printer.json(&document);
    } else {
        document.print("Created KTX Python runtime bundle", session);
    }
    Ok(())
}
