//! `ktx setup` itself: which folder, a new project or the one that is there, embeddings, and what comes next.

use clap::Args;
use dialoguer::Confirm;
use ktx_project::Folder;
use ktx_project::folder::Existing;

use crate::hint::Hinted;
use crate::session::Session;
use crate::setup_status::SetupStatus;
use crate::shell;
use crate::workspace;

#[derive(Debug, Args)]
pub struct ProjectArguments {
    /// Make a new project
    #[arg(long, conflicts_with = "existing")]
    new: bool,
    /// Use the project that is there
    #[arg(long)]
    existing: bool,
    /// Answer every question with yes; wins over --no-input
    #[arg(long)]
    yes: bool,
    /// Ask nothing
    #[arg(long)]
    no_input: bool,
    /// Leave embeddings as they are
    #[arg(long)]
    skip_embeddings: bool,
    /// Accepted for scripts of other versions; there is nothing to skip
    #[arg(long, hide = true)]
    skip_llm: bool,
    #[arg(long, hide = true)]
    skip_databases: bool,
    #[arg(long, hide = true)]
    skip_sources: bool,
    #[arg(long, hide = true)]
    skip_agents: bool,
}

/// Makes or finds the project and prints where it stands.
pub fn run(arguments: &ProjectArguments, session: &Session) -> anyhow::Result<()> {
    let folder = workspace::folder(session)?;
    choose(arguments, session, &folder)?;
    session.printer.line("KTX setup");
    session
        .printer
        .line(&format!("Project: {}", folder.dir().display()));
    session.printer.line("Embeddings setup skipped.");
    let status = SetupStatus::of(&folder)?;
    for line in status.lines() {
        session.printer.line(&line);
    }
    session.printer.line("");
    session.printer.line("What you can do next:");
    for step in next_steps(&folder, &status) {
        session.printer.line(&format!("  {step}"));
    }
    Ok(())
}

/// Makes the project unless it is there; without a choice it asks, and where nobody can be asked it refuses.
fn choose(arguments: &ProjectArguments, session: &Session, folder: &Folder) -> anyhow::Result<()> {
    if folder.is_project() && !arguments.new {
        return Ok(());
    }
    if folder.is_project() {
        return Err(Hinted::error(
            ktx_project::Error::AlreadyProject(folder.config_path()).to_string(),
            "leave out --new to use the project that is there",
        ));
    }
    if arguments.existing {
        let dir = folder.dir().display();
        anyhow::bail!("No existing KTX project found at {dir}. Pass --new to create it.");
    }
    if !arguments.new && !arguments.yes {
        if arguments.no_input {
            anyhow::bail!(
                "Missing setup choice: pass --new or --yes to create a project in non-interactive setup."
            );
        }
        if !session.printer.is_interactive() {
            anyhow::bail!(
                "Missing setup choice: pass --new or --yes to create a project outside an interactive terminal."
            );
        }
        let question = format!("Make a KTX project in {}?", folder.dir().display());
        if !Confirm::new().with_prompt(question).default(true).interact()? {
            return Err(Hinted::error(
                "Setup was cancelled.",
                "pass --project-dir to choose another folder",
            ));
        }
    }
    folder.initialize(&folder.default_name(), Existing::Keep)?;
    Ok(())
}

/// Each line can be pasted as it is.
fn next_steps(folder: &Folder, status: &SetupStatus) -> Vec<String> {
    let dir = shell::quoted(&folder.dir().display().to_string());
    match status.databases.first() {
        None => vec![
            format!(
                "add a database under `connections:` in {}",
                folder.config_path().display()
            ),
            "ktx setup demo".to_owned(),
            format!("ktx status --project-dir {dir}"),
        ],
        Some(connection) => vec![
            format!("ktx connection test {connection} --project-dir {dir}"),
            format!("ktx ingest {connection} --project-dir {dir}"),
            format!("ktx sl list --project-dir {dir}"),
            format!("ktx serve --mcp stdio --project-dir {dir}"),
        ],
    }
}
