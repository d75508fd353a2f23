//! `ktx setup demo`: a project to try ktx on, with a warehouse that is generated on the spot.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ktx_project::demo::{self, Occupied, TableRows};
use ktx_project::semantic::Catalog;
use ktx_project::{ConnectionId, Folder};
use serde::Serialize;

use crate::commands::runtime::warn_of_lacking;
use crate::session::Session;
use ktx_app::runner;

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// How the demo is made
    #[arg(long, value_enum, default_value_t = DemoMode::Seeded)]
    mode: DemoMode,
    /// Print what was made as lines of text
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
    /// Ask nothing; the demo never does
    #[arg(long)]
    no_input: bool,
    #[command(subcommand)]
    command: Option<DemoCommand>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DemoMode {
    /// The packaged project and generated rows
    Seeded,
}

#[derive(Debug, Subcommand)]
enum DemoCommand {
    /// Remove the demo project and make it again
    Reset {
        /// Confirm that it is removed
        #[arg(long)]
        force: bool,
    },
}

#[derive(Serialize)]
struct DemoResult {
    replay: Replay,
    inspect: Inspect,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replay {
    mode: &'static str,
    source: &'static str,
    llm_calls: usize,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspect {
    project_dir: String,
    connection_id: &'static str,
    tables: Vec<TableRows>,
    sources: usize,
    measures: usize,
    segments: usize,
    joins: usize,
    next_steps: Vec<String>,
}

/// Makes the demo in `--project-dir`, or in a new temporary folder.
pub fn run(arguments: &DemoArguments, session: &Session) -> anyhow::Result<()> {
    let folder = match (&session.app.project_dir, &arguments.command) {
        (Some(_), _) => session.app.folder()?,
        (None, Some(_)) => anyhow::bail!("ktx setup demo reset needs --project-dir, the demo to reset"),
        (None, None) => Folder::at(temporary(session)?),
    };
    if let Some(DemoCommand::Reset { force }) = &arguments.command {
        reset(&folder, *force)?;
    }
    if demo::occupied(&folder) == Occupied::Foreign {
        return Err(ktx_app::Error::hinted(
            format!(
                "failed to make the demo in `{}`: the folder is not empty",
                folder.dir().display()
            ),
            "choose another folder with --project-dir, or omit it for a temporary one",
        )
        .into());
    }
    if arguments.command.is_none() {
        refuse_to_lose_edits(&folder, &runner::command(&session.app.environment))?;
    }
    let tables = demo::seed(&folder)?;
    let inspect = inspect(&folder, tables, &runner::command(&session.app.environment))?;
    if arguments.json {
        let replay = Replay {
            mode: "seeded",
            source: "packaged demo project",
            llm_calls: 0,
            status: "ready",
        };
        session.printer.json(&DemoResult { replay, inspect });
    } else {
        print(session, &inspect);
        warn_of_lacking(session);
    }
    Ok(())
}

fn refuse_to_lose_edits(folder: &Folder, program: &str) -> anyhow::Result<()> {
    let edited = demo::edited(folder)?;
    let Some(first) = edited.first() else {
        return Ok(());
    };
    let more = match edited.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let dir = folder.dir().display().to_string();
    Err(ktx_app::Error::hinted(
        format!("failed to make the demo in `{dir}`: `{first}`{more} would be overwritten, and was edited"),
        format!(
            "to lose the edits, run: {program} setup demo --project-dir {} reset --force",
            ktx_system::shell::quoted(&dir)
        ),
    )
    .into())
}

fn temporary(session: &Session) -> anyhow::Result<PathBuf> {
    let base = session
        .app
        .environment
        .variable("TMPDIR")
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let mut random = [0; 4];
    getrandom::fill(&mut random)?;
    let dir = base.join(format!("ktx-demo-{:08x}", u32::from_be_bytes(random)));
    fs_err::create_dir(&dir)?;
    Ok(dir)
}

/// Removes a demo project, and refuses any other folder.
fn reset(folder: &Folder, force: bool) -> anyhow::Result<()> {
    if !force {
        let dir = folder.dir().display();
        anyhow::bail!("ktx setup demo reset is destructive; pass --force to recreate {dir}");
    }
    match demo::occupied(folder) {
        Occupied::Demo => remove(folder.dir()),
        Occupied::Free => Ok(()),
        Occupied::Foreign => Err(ktx_app::Error::hinted(
            format!(
                "failed to reset `{}`: it is not a demo project",
                folder.dir().display()
            ),
            "only a folder that `ktx setup demo` made is ever removed",
        )
        .into()),
    }
}

/// The folders that a project consists of; anything else beside them is kept.
fn remove(dir: &Path) -> anyhow::Result<()> {
    for part in [".ktx", "semantic-layer", "raw-sources", "knowledge"] {
        match fs_err::remove_dir_all(dir.join(part)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn inspect(folder: &Folder, tables: Vec<TableRows>, program: &str) -> anyhow::Result<Inspect> {
    let catalog = Catalog::load(folder, &ConnectionId::parse(demo::CONNECTION)?)?;
    let sources: Vec<_> = catalog.entries.values().map(|entry| &entry.source).collect();
    let dir = folder.dir().display().to_string();
    let pasted = ktx_system::shell::quoted(&dir);
    Ok(Inspect {
        project_dir: dir,
        connection_id: demo::CONNECTION,
        tables,
        sources: sources.len(),
        measures: sources.iter().map(|source| source.measures.len()).sum(),
        segments: sources.iter().map(|source| source.segments.len()).sum(),
        joins: sources.iter().map(|source| source.joins.len()).sum(),
        next_steps: vec![
            format!("{program} sl list --project-dir {pasted}"),
            format!(
                "{program} sl query --project-dir {pasted} --connection-id {} --measure contracts.contract_count \
                 --measure contracts.total_arr --dimension plans.tier --execute --yes",
                demo::CONNECTION
            ),
            format!("{program} serve --mcp stdio --project-dir {pasted}"),
        ],
    })
}

fn print(session: &Session, inspect: &Inspect) {
    let rows: usize = inspect.tables.iter().map(|table| table.rows).sum();
    let lines = [
        format!("Demo project: {}", inspect.project_dir),
        "Status: ready".to_owned(),
        "Mode: seeded (pre-seeded demo project)".to_owned(),
        "Source: packaged demo project".to_owned(),
        "LLM calls: none".to_owned(),
        format!(
            "Warehouse: {} tables, {rows} rows (SQLite, connection {})",
            inspect.tables.len(),
            inspect.connection_id
        ),
        format!(
            "Semantic layer: {} sources, {} measures, {} segments, {} joins",
            inspect.sources, inspect.measures, inspect.segments, inspect.joins
        ),
        String::new(),
        "Next steps:".to_owned(),
    ];
    let steps = inspect.next_steps.iter().map(|step| format!("  {step}"));
    let end = [
        String::new(),
        format!("Your KTX project files are at: {}", inspect.project_dir),
    ];
    for line in lines.into_iter().chain(steps).chain(end) {
        session.printer.line(&line);
    }
}
