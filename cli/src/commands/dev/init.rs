//! `ktx dev init`: an empty project.

use std::path::PathBuf;

use clap::Args;
use ktx_project::Folder;
use ktx_project::folder::Existing;

use crate::session::Session;

#[derive(Debug, Args)]
pub struct InitArguments {
    /// The folder to make it in [default: --project-dir, or the current folder]
    dir: Option<PathBuf>,
    /// The project's name [default: the folder's name]
    #[arg(long)]
    name: Option<String>,
    /// Overwrite an existing ktx.yaml, and allow a project inside another
    #[arg(long)]
    force: bool,
}

/// Makes the folder and its files; existing files are kept.
pub fn run(arguments: &InitArguments, session: &Session) -> anyhow::Result<()> {
    let folder = match (&arguments.dir, session.app.environment.current_dir()) {
        (Some(dir), Some(working)) => Folder::discover(Some(dir), &session.app.environment, working)?,
        (None, Some(working)) if session.app.project_dir.is_none() => Folder::at(working),
        _ => session.app.folder()?,
    };
    let name = arguments.name.clone().unwrap_or_else(|| folder.default_name());
    folder.initialize(
        &name,
        if arguments.force {
            Existing::Replace
        } else {
            Existing::Keep
        },
    )?;
    session
        .printer
        .line(&format!("Initialized KTX project at {}", folder.dir().display()));
    session
        .printer
        .line(&format!("Config: {}", folder.config_path().display()));
    session.printer.line("Commit: none");
    Ok(())
}
