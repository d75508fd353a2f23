//! `ktx sl docs`: the layer as pages to browse.

use std::path::PathBuf;

use clap::Args;
use ktx_app::tools::wiki::LOCAL_USER;
use ktx_app::{Workspace, picture};

use crate::session::Session;

#[derive(Debug, Args)]
pub struct DocsArguments {
    /// The folder to write the pages to
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

/// Prints how many pages were written, and where they begin.
pub fn run(arguments: &DocsArguments, session: &Session) -> anyhow::Result<()> {
    let workspace = Workspace::open(&session.app)?;
    let count = picture::write_docs(&session.app, &workspace, LOCAL_USER, &arguments.output)?;
    let index = arguments.output.join("index.html");
    session
        .printer
        .line(&format!("Wrote {count} pages: {}", index.display()));
    Ok(())
}
