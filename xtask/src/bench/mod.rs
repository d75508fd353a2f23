//! `cargo xtask bench`: speed compared with the alternatives, measured in one run.
//!
//! Prints ratios and judges nothing: a number depends on the machine, a ratio much less.

mod build;
mod commands;
mod context;
mod daemon;
mod machine;
mod measure;
mod published;
mod release;
mod runtime;

use anyhow::Result;
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use serde::Serialize;

use self::measure::Taken;
use crate::session::Session;

/// Measure speed and memory against the alternatives
#[derive(Args)]
pub struct BenchArgs {
    /// What to measure [default: every subject]
    #[arg(value_enum)]
    subject: Vec<Subject>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Wheel, package, verification, launcher and npm install
    Build,
    /// Start, memory and latency of the daemon
    Daemon,
    /// Installation, status and start of the managed runtime
    Runtime,
    /// A query, a scan and an ingest, as a user runs them
    Commands,
    /// The greeting of the MCP server, a picture of 500 sources, LookML projects
    Context,
    /// A dry run, a long history on the registry, a comparison of packages
    Release,
}

pub fn run(arguments: BenchArgs, session: &Session<'_>) -> Result<()> {
    let subjects = Subject::value_variants().iter().copied();
    let chosen = subjects.filter(|it| arguments.subject.is_empty() || arguments.subject.contains(it));
    let mut measured = Vec::new();
    for subject in chosen {
        match subject {
            Subject::Build => measured.extend(build::measure(session)?.into_iter().map(Measured::Comparison)),
            Subject::Daemon => measured.extend(daemon::measure(session)?.into_iter().map(Measured::Daemon)),
            Subject::Runtime => {
                measured.extend(runtime::measure(session)?.into_iter().map(Measured::Comparison))
            }
            Subject::Commands => {
                measured.extend(commands::measure(session)?.into_iter().map(Measured::Comparison))
            }
            Subject::Context => {
                measured.extend(context::measure(session)?.into_iter().map(Measured::Comparison))
            }
            Subject::Release => {
                measured.extend(release::measure(session)?.into_iter().map(Measured::Comparison));
                measured.push(Measured::Comparison(published::measure(session)?));
            }
        }
    }
    session.printer.document(&measured)?;
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["what", "who", "ms", "MiB", "ratio", "goal"]);
    for one in &measured {
        match one {
            Measured::Comparison(comparison) => comparison.add_to(&mut table),
            Measured::Daemon(measurement) => measurement.add_to(&mut table),
        }
    }
    session.printer.data(&table.to_string());
    Ok(())
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Measured {
    Comparison(SpeedComparison),
    Daemon(daemon::Measurement),
}

/// One measurement: ours first, then the alternatives.
#[derive(Debug, Serialize)]
pub struct SpeedComparison {
    what: &'static str,
    /// The limit for the ratios, or for our own number.
    goal: &'static str,
    ours: Taken,
    peers: Vec<Peer>,
}

#[derive(Debug, Serialize)]
struct Peer {
    #[serde(flatten)]
    taken: Taken,
    /// Our time divided by theirs.
    ratio: f64,
}

impl SpeedComparison {
    /// The first measurement is ours.
    pub fn new(what: &'static str, goal: &'static str, taken: Vec<Taken>) -> Result<Self> {
        let mut taken = taken.into_iter();
        let ours = taken
            .next()
            .ok_or_else(|| anyhow::anyhow!("nothing was measured for {what}"))?;
        let peers = taken
            .map(|taken| Peer {
                ratio: measure::ratio(&ours, &taken),
                taken,
            })
            .collect();
        Ok(SpeedComparison {
            what,
            goal,
            ours,
            peers,
        })
    }

    fn add_to(&self, table: &mut Table) {
        let row = |what: &str, taken: &Taken, ratio: String, goal: &str| {
            let peak = taken
                .peak_mib
                .map_or_else(String::new, |peak| format!("{peak:.1}"));
            [
                what.to_owned(),
                taken.name.clone(),
                format!("{:.2}", taken.milliseconds),
                peak,
                ratio,
                goal.to_owned(),
            ]
        };
        table.add_row(row(self.what, &self.ours, String::new(), self.goal));
        for peer in &self.peers {
            table.add_row(row("", &peer.taken, format!("{:.2}", peer.ratio), ""));
        }
    }
}
