//! `ktx runtime bundle verify`

use std::path::PathBuf;

use clap::Args;

use super::BundleDocument;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: VerifyArguments, session: &Session) -> anyhow::Result<()> {
    let report = session.app.runtime()?.verify_bundle(&arguments.file)?;
    let document = BundleDocument::of("verified", &report);
    if arguments.json {
        session.printer.json(&document);
    } else {
        document.print("Verified KTX Python runtime bundle", session);
    }
    Ok(())
}
