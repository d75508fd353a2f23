//! `cargo xtask check`: from sources to artifacts that were proven to install and run.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use ktx_manifest::artifact_manifest::ArtifactManifest;
use serde::Serialize;

use crate::build::{self, BuildArgs, CompletedBuild};
use crate::page;
use crate::releasing;
use crate::session::Session;
use crate::smoke::{self, SmokeArgs};
use crate::verify;

/// Build the package, verify it, and prove that it installs and runs
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    build: BuildArgs,
    /// Count a smoke scenario whose needs are not met as failed
    #[arg(long)]
    no_skip: bool,
}

impl CheckArgs {
    pub fn of(build: BuildArgs, no_skip: bool) -> Self {
        CheckArgs { build, no_skip }
    }
}

pub fn run(arguments: CheckArgs, session: &Session<'_>) -> Result<()> {
    let mut steps = Vec::new();
    let built = timed(&mut steps, "build", || build::build(&arguments.build, session))?;
    timed(&mut steps, "verify", || verify::built(session))?;
    let smoke = SmokeArgs {
        no_skip: arguments.no_skip,
        ..SmokeArgs::default()
    };
    let proven = timed(&mut steps, "smoke", || smoke::run(smoke, session));
    // The page is written of a failed proof, too: it says what failed.
    let location = releasing::location(session, None)?;
    page::write(session, &location, &releasing::source_facts(session, None, None)?)?;
    proven?;
    session.printer.document(&CheckReport {
        steps: &steps,
        artifacts: &built.manifest,
    })?;
    print(session, &steps, &built);
    Ok(())
}

#[derive(Serialize)]
struct CheckReport<'a> {
    steps: &'a [TimedStep],
    artifacts: &'a ArtifactManifest,
}

#[derive(Serialize)]
struct TimedStep {
    name: &'static str,
    seconds: f64,
}

fn timed<T>(steps: &mut Vec<TimedStep>, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let result = work()?;
    steps.push(TimedStep {
        name,
        seconds: started.elapsed().as_secs_f64(),
    });
    Ok(result)
}

fn print(session: &Session<'_>, steps: &[TimedStep], built: &CompletedBuild) {
    let mut times = Table::new();
    times.load_style(presets::NOTHING);
    for step in steps {
        times.add_row([step.name.to_owned(), format!("{:.1} s", step.seconds)]);
    }
    align_right(&mut times, 1);
    session.printer.data(&times.to_string());
    built.print(session);
    session.printer.summary(&format!("```\n{times}\n```"));
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
