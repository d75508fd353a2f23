//! `ktx runtime start`

use clap::Args;
use ktx_runtime::{FeatureSet, StartMode, StartOutcome, StartRequest};
use serde::Serialize;

use super::FeatureArgument;
use crate::arguments::UvArguments;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct StartArguments {
    /// A feature the daemon must support, can be repeated
    #[arg(long = "feature", value_enum, default_value = "core", value_name = "FEATURE")]
    features: Vec<FeatureArgument>,
    /// Replace a running daemon
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    uv: UvArguments,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct StartDocument<'a> {
    outcome: &'static str,
    url: String,
    pid: u32,
    version: &'a str,
    features: &'a FeatureSet,
    state: String,
    stdout: String,
    stderr: String,
}

pub fn run(arguments: StartArguments, session: &Session) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    let request = StartRequest {
        features: FeatureArgument::set(&arguments.features),
        mode: if arguments.force {
            StartMode::Restart
        } else {
            StartMode::Reuse
        },
    };
    let report = runtime.start(&request)?;
    let layout = runtime.layout();
    let document = StartDocument {
        outcome: match report.outcome {
            StartOutcome::Started => "started",
            StartOutcome::Reused => "reused",
        },
        url: report.daemon.url().to_string(),
        pid: report.state.pid.0,
        version: runtime.version(),
        features: &report.state.features,
        state: layout.daemon_state_path.display().to_string(),
        stdout: layout.daemon_stdout_path.display().to_string(),
        stderr: layout.daemon_stderr_path.display().to_string(),
    };
    if arguments.json {
        session.printer.json(&document);
        return Ok(());
    }
    let printer = &session.printer;
    printer.line(match report.outcome {
        StartOutcome::Started => "Started KTX Python daemon",
        StartOutcome::Reused => "Using existing KTX Python daemon",
    });
    printer.line(&format!("url: {}", document.url));
    printer.line(&format!("pid: {}", document.pid));
    printer.line(&format!("version: {}", document.version));
    printer.line(&format!("features: {}", document.features));
    printer.line(&format!("state: {}", document.state));
    printer.line(&format!("stdout: {}", document.stdout));
    printer.line(&format!("stderr: {}", document.stderr));
    Ok(())
}
