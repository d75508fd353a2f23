//! `ktx runtime install`

use std::path::PathBuf;

use clap::Args;
use ktx_runtime::{FeatureSet, InstallMode, InstallOutcome, InstallReport, InstallRequest};
use serde::Serialize;

use super::FeatureArgument;
use crate::arguments::UvArguments;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct InstallArguments {
    /// What to install, can be repeated
    #[arg(long = "feature", value_enum, default_value = "core", value_name = "FEATURE")]
    features: Vec<FeatureArgument>,
    /// Accepted for scripts; this command never asks
    #[arg(long)]
    yes: bool,
    /// Install again even when the runtime is ready
    #[arg(long)]
    force: bool,
    /// Install from a bundle that `ktx runtime bundle create` made, without a network
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    uv: UvArguments,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstallDocument<'a> {
    outcome: &'static str,
    version: &'a str,
    features: &'a FeatureSet,
    python: String,
    daemon: String,
    manifest: String,
    install_log: String,
}

pub fn run(arguments: InstallArguments, session: &Session) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    let request = InstallRequest {
        features: FeatureArgument::set(&arguments.features),
        mode: if arguments.force {
            InstallMode::Always
        } else {
            InstallMode::IfNeeded
        },
    };
    let InstallReport { outcome, manifest } = match &arguments.from {
        Some(bundle) => runtime.install_from(&request, bundle)?,
        None => runtime.install(&request)?,
    };
    let layout = runtime.layout();
    let document = InstallDocument {
        outcome: match outcome {
            InstallOutcome::Installed => "installed",
            InstallOutcome::Reused => "reused",
        },
        version: runtime.version(),
        features: &manifest.features,
        python: layout.python_path.display().to_string(),
        daemon: layout.daemon_path.display().to_string(),
        manifest: layout.manifest_path.display().to_string(),
        install_log: layout.install_log_path.display().to_string(),
    };
    if arguments.json {
        session.printer.json(&document);
        return Ok(());
    }
    let printer = &session.printer;
    printer.line(match outcome {
        InstallOutcome::Installed => "Installed KTX Python runtime",
        InstallOutcome::Reused => "Using existing KTX Python runtime",
    });
    printer.line(&format!("version: {}", document.version));
    printer.line(&format!("features: {}", document.features));
    printer.line(&format!("python: {}", document.python));
    printer.line(&format!("daemon: {}", document.daemon));
    printer.line(&format!("manifest: {}", document.manifest));
    printer.line(&format!("install log: {}", document.install_log));
    Ok(())
}
