//! `cargo xtask build-wheel`: the Python payload as a wheel.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use ktx_release::archive::Listed;
use ktx_release::wheel::{BuiltWheel, WheelOptions, WheelPlan};
use serde::Serialize;

use crate::dist::Dist;
use crate::refusal;
use crate::session::Session;
use crate::sources;

/// Build the Python wheel from python/
#[derive(Args)]
pub struct BuildWheelArgs {
    /// The folder with pyproject.toml [default: python]
    #[arg(long, value_name = "DIR")]
    source: Option<Utf8PathBuf>,
    /// Where the wheel goes [default: dist/artifacts/python]
    #[arg(long, value_name = "DIR", conflicts_with = "list")]
    out: Option<Utf8PathBuf>,
    /// Write nothing; list what the wheel would hold
    #[arg(long)]
    list: bool,
}

pub fn run(arguments: BuildWheelArgs, session: &Session<'_>) -> Result<()> {
    let plan = plan(session, arguments.source)?;
    if arguments.list {
        return list(session, &plan);
    }
    let built = write(session, &plan, arguments.out)?;
    let path = built.path.to_string_lossy();
    session.printer.data(&path);
    session.printer.document(&WheelReport {
        path: &path,
        version: built.filename.version().to_string(),
        files: built.files,
        bytes: built.content.bytes,
        sha256: built.content.sha256.to_string(),
    })
}

/// Reads the payload's sources, by default those of the checkout.
pub fn plan(session: &Session<'_>, source: Option<Utf8PathBuf>) -> Result<WheelPlan> {
    let options = WheelOptions {
        source: source
            .map_or_else(|| session.root().map(|root| root.join("python")), Ok)?
            .into(),
        version: sources::version(session)?,
        epoch: sources::epoch()?,
    };
    WheelPlan::new(&options).map_err(|error| refusal::failure(session, error))
}

/// Writes the wheel, by default to its place among the artifacts.
fn write(session: &Session<'_>, plan: &WheelPlan, out: Option<Utf8PathBuf>) -> Result<BuiltWheel> {
    let build = |folder: &Utf8Path| {
        let built = plan.build(folder.as_std_path(), refusal::interrupt());
        built.map_err(|error| refusal::failure(session, error))
    };
    match out {
        Some(folder) => build(&folder),
        None => build(&Dist::lock(session)?.path().join("artifacts/python")),
    }
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
