//! `cargo xtask build-wheel`: the Python payload as a wheel.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use ktx_release::archive::Listed;
use ktx_release::epoch::SourceDateEpoch;
use ktx_release::pyproject::Project;
use ktx_release::wheel::{BuiltWheel, WheelPlan};
use serde::Serialize;

use crate::dist::DistFolder;
use crate::interrupt;
use crate::refusal;
use crate::session::Session;
use crate::sources;

/// Where the wheel is below `dist/`.
const FOLDER: &str = "artifacts/python";

/// Build the Python wheel from python/
#[derive(Args)]
pub struct BuildWheelArgs {
    /// The folder with pyproject.toml [default: python]
    #[arg(long, value_name = "DIR")]
    source: Option<Utf8PathBuf>,
    /// The folder for the wheel [default: dist/artifacts/python]
    #[arg(long, value_name = "DIR", conflicts_with = "list")]
    out: Option<Utf8PathBuf>,
    /// Write nothing; list what the wheel would contain
    #[arg(long)]
    list: bool,
}

pub fn run(arguments: BuildWheelArgs, session: &Session<'_>) -> Result<()> {
    let project = project(session, arguments.source)?;
    let plan = plan(session, &project, &sources::version(session)?, sources::epoch()?)?;
    if arguments.list {
        return list(session, &plan);
    }
    let failure = |error| refusal::failure(session, error);
    let wheel = plan.build(interrupt::raised_by_signals()).map_err(failure)?;
    let path = match arguments.out {
        Some(folder) => wheel.write(folder.as_std_path()),
        None => wheel.write(DistFolder::lock(session)?.path().join(FOLDER).as_std_path()),
    };
    let path = path.map_err(failure)?;
    let path = path.to_string_lossy();
    session.printer.data(&path);
    session.printer.document(&WheelReport {
        path: &path,
        version: wheel.filename.version().to_string(),
        files: plan.files(),
        bytes: wheel.content.bytes,
        sha256: wheel.content.sha256.to_string(),
    })
}

/// The project of the payload, by default that of the checkout.
pub fn project(session: &Session<'_>, source: Option<Utf8PathBuf>) -> Result<Project> {
    let source = source.map_or_else(|| session.root().map(|root| root.join("python")), Ok)?;
    let project = Project::read(source.as_std_path()).map_err(|error| refusal::failure(session, error))?;
    for finding in &project.normalised {
        session.printer.warning(&finding.message);
    }
    Ok(project)
}

/// Reads the payload's sources.
pub fn plan(
    session: &Session<'_>,
    project: &Project,
    version: &semver::Version,
    epoch: Option<SourceDateEpoch>,
) -> Result<WheelPlan> {
    WheelPlan::new(project, version, epoch).map_err(|error| refusal::failure(session, error))
}

/// The wheel that an earlier `build-wheel` left in `dist/`.
pub fn built(session: &Session<'_>, project: &Project, version: &semver::Version) -> Result<BuiltWheel> {
    BuiltWheel::read(project, version, session.dist()?.join(FOLDER).as_std_path())
        .map_err(|error| refusal::failure(session, error))
}

#[derive(Serialize)]
struct WheelReport<'a> {
    path: &'a str,
    version: String,
    files: usize,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct WheelListing<'a> {
    file: String,
    entries: &'a [Listed],
}

fn list(session: &Session<'_>, plan: &WheelPlan) -> Result<()> {
    let entries = plan.list().map_err(|error| refusal::failure(session, error))?;
    for entry in &entries {
        session.printer.data(&entry.path);
    }
    session.printer.document(&WheelListing {
        file: plan.filename().to_string(),
        entries: &entries,
    })
}
