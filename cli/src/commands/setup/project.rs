//! `ktx setup` itself: which folder, a new or an existing project, embeddings, and the next steps.

use clap::{Args, ValueEnum};
use ktx_project::folder::Existing;
use ktx_project::{Folder, config, files};
use ktx_runtime::ports;
use ktx_runtime::{Consent, Dialogue as _, InstallPolicy};

use crate::session::Session;
use ktx_app::SetupStatus;
use ktx_app::embedding::{self, Announce};
use ktx_app::runner;

/// The model of the managed embeddings, and the length of its vectors.
const MODEL: &str = "all-MiniLM-L6-v2";
const MODEL_DIMENSIONS: usize = 384;

#[derive(Debug, Default, Args)]
pub struct ProjectArguments {
    /// Make a new project
    #[arg(long, conflicts_with = "existing")]
    new: bool,
    /// Use the existing project
    #[arg(long)]
    existing: bool,
    /// Answer every question with yes; wins over --no-input
    #[arg(long)]
    yes: bool,
    /// Ask nothing
    #[arg(long)]
    no_input: bool,
    /// Set up the model that turns texts into vectors for search
    #[arg(long, value_enum, conflicts_with = "skip_embeddings")]
    embedding_backend: Option<EmbeddingBackend>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmbeddingBackend {
    /// all-MiniLM-L6-v2 on this machine, in the managed Python runtime
    SentenceTransformers,
}

/// Makes or finds the project and prints its status.
pub fn run(arguments: &ProjectArguments, session: &Session) -> anyhow::Result<()> {
    let folder = session.app.folder()?;
    choose(arguments, session, &folder)?;
    session.printer.line("KTX setup");
    session
        .printer
        .line(&format!("Project: {}", folder.dir().display()));
    match arguments.embedding_backend {
        Some(EmbeddingBackend::SentenceTransformers) => {
            let policy = InstallPolicy::of_setup(arguments.yes, arguments.no_input);
            set_up_embeddings(session, &folder, policy)?;
        }
        None => session.printer.line("Embeddings setup skipped."),
    }
    let status = SetupStatus::of(&folder)?;
    for line in status.lines() {
        session.printer.line(&line);
    }
    session.printer.line("");
    session.printer.line("What you can do next:");
    for step in next_steps(&folder, &status, &runner::command(&session.app.environment)) {
        session.printer.line(&format!("  {step}"));
    }
    Ok(())
}

/// Makes the project unless it exists; without a choice it asks, and without a terminal it refuses.
fn choose(arguments: &ProjectArguments, session: &Session, folder: &Folder) -> anyhow::Result<()> {
    if folder.is_project() && !arguments.new {
        return Ok(());
    }
    if folder.is_project() {
        return Err(ktx_app::Error::hinted(
            ktx_project::Error::AlreadyProject(folder.config_path()).to_string(),
            "omit --new to use the existing project",
        )
        .into());
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
        if session.terminal.ask(&question) != Consent::Given {
            return Err(ktx_app::Error::hinted(
                "Setup was cancelled.",
                "pass --project-dir to choose another folder",
            )
            .into());
        }
    }
    folder.initialize(&folder.default_name(), Existing::Keep)?;
    let path = folder.config_path();
    let made = fs_err::read_to_string(&path)?;
    files::write(
        &path,
        format!("{made}setup:\n  completed_steps: [project]\n").as_bytes(),
    )?;
    Ok(())
}

/// Nothing is written until a text has been embedded.
fn set_up_embeddings(session: &Session, folder: &Folder, policy: InstallPolicy) -> anyhow::Result<()> {
    let runtime = session.app.runtime()?;
    let service = embedding::managed(&runtime, policy, &*session.app.desk, Announce::Always)?;
    let vectors = ports::embed(&service, &["ktx embedding test".to_owned()])?;
    let dimensions = vectors.first().map_or(0, Vec::len);
    if dimensions != MODEL_DIMENSIONS {
        anyhow::bail!(
            "Embedding test failed: {MODEL} gave {dimensions} dimensions instead of {MODEL_DIMENSIONS}"
        );
    }
    let path = folder.config_path();
    let text = fs_err::read_to_string(&path)?;
    let edited = config::with_managed_embeddings(&text).ok_or_else(|| {
        ktx_app::Error::hinted(
            format!(
                "failed to write `{}`: `ingest` is not written as an indented map",
                path.display()
            ),
            "write its keys on separate lines, and run the command again",
        )
    })?;
    files::write_if_changed(&path, edited.as_bytes())?;
    session.printer.line(&format!(
        "Embedding test passed ({MODEL}, {dimensions} dimensions)"
    ));
    session.printer.line(&format!(
        "Embeddings ready: yes ({MODEL}, {dimensions} dimensions)"
    ));
    Ok(())
}

/// Each line can be pasted as it is.
fn next_steps(folder: &Folder, status: &SetupStatus, program: &str) -> Vec<String> {
    let dir = ktx_system::shell::quoted(&folder.dir().display().to_string());
    match status.databases.first() {
        None => vec![
            format!(
                "add a database under `connections:` in {}",
                folder.config_path().display()
            ),
            format!("{program} setup demo"),
            format!("{program} status --project-dir {dir}"),
        ],
        Some(connection) => vec![
            format!("{program} connection test {connection} --project-dir {dir}"),
            format!("{program} ingest {connection} --project-dir {dir}"),
            format!("{program} sl list --project-dir {dir}"),
            format!("{program} serve --mcp stdio --project-dir {dir}"),
        ],
    }
}
