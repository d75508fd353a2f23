//! `ktx runtime bundle`: one file with everything that installing the runtime downloads.

mod create;
mod verify;

use clap::{Args, Subcommand};
use ktx_runtime::{BundleReport, human_bytes};
use serde::Serialize;

use crate::session::Session;

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct BundleArguments {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Download what the runtime needs into one file, for machines without a network
    Create(create::CreateArguments),
    /// Check that a file is a complete bundle for this version of ktx
    Verify(verify::VerifyArguments),
}

pub fn run(arguments: BundleArguments, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        BundleCommand::Create(arguments) => create::run(arguments, session),
        BundleCommand::Verify(arguments) => verify::run(arguments, session),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleDocument<'a> {
    outcome: &'static str,
    file: String,
    bytes: u64,
    sha256: String,
    version: &'a str,
    features: &'a [String],
    python: &'a str,
    platforms: Vec<PlatformDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlatformDocument {
    platform: String,
    wheels: usize,
    uv: String,
    interpreter: Option<String>,
}

impl<'a> BundleDocument<'a> {
    fn of(outcome: &'static str, report: &'a BundleReport) -> BundleDocument<'a> {
        let manifest = &report.manifest;
        let platforms = manifest
            .platforms
            .iter()
            .map(|(platform, contents)| PlatformDocument {
                platform: platform.to_string(),
                wheels: contents.wheels.len(),
                uv: contents.uv.file_name().to_owned(),
                interpreter: contents.interpreter.as_ref().map(|it| it.name.to_string()),
            });
        BundleDocument {
            outcome,
            file: report.path.display().to_string(),
            bytes: report.content.bytes,
            sha256: report.content.sha256.to_string(),
            version: &manifest.version,
            features: &manifest.features,
            python: &manifest.python,
            platforms: platforms.collect(),
        }
    }

    fn print(&self, title: &str, session: &Session) {
        let printer = &session.printer;
        printer.line(title);
        printer.line(&format!("file: {}", self.file));
        printer.line(&format!("size: {}", human_bytes(self.bytes)));
        printer.line(&format!("sha256: {}", self.sha256));
        printer.line(&format!("version: {}", self.version));
        printer.line(&format!("features: {}", self.features.join(", ")));
        for platform in &self.platforms {
            let python = match &platform.interpreter {
                Some(name) => name.clone(),
                None => format!("the machine's own Python {}", self.python),
            };
            printer.line(&format!(
                "{}: {} wheels, uv, {python}",
                platform.platform, platform.wheels
            ));
        }
    }
}
