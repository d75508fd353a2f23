//! `ktx runtime prune`

use clap::Args;
use ktx_runtime::{Kept, Runtime, StaleRuntime, human_bytes};
use serde::Serialize;

use crate::failure::AlreadyReported;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct PruneArguments {
    /// Show what would be removed and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove it
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PruneDocument {
    dry_run: bool,
    runtimes: Vec<RuntimeEntry>,
    kept: Vec<KeptEntry>,
    /// Of the runtimes listed.
    bytes: u64,
}

#[derive(Serialize)]
struct RuntimeEntry {
    path: String,
    version: String,
    bytes: u64,
}

#[derive(Serialize)]
struct KeptEntry {
    path: String,
    reason: String,
}

pub fn run(arguments: PruneArguments, session: &Session) -> anyhow::Result<()> {
    if !arguments.dry_run && !arguments.yes {
        anyhow::bail!("Refusing to prune without --yes. Preview with: ktx runtime prune --dry-run");
    }
    let runtime = session.app.runtime()?;
    let plan = runtime.plan_prune();
    let foreign = plan.foreign.clone();
    let (runtimes, failed) = if arguments.dry_run {
        (plan.stale, Vec::new())
    } else {
        let report = runtime.prune(plan)?;
        (report.removed, report.failed)
    };
    let any_failed = !failed.is_empty();
    for kept in &foreign {
        session.app.desk.debug(&sentence(kept));
    }
    if arguments.json {
        let kept: Vec<Kept> = failed.into_iter().chain(foreign).collect();
        session
            .printer
            .json(&document(arguments.dry_run, &runtimes, &kept));
    } else {
        print(session, &runtime, arguments.dry_run, &runtimes, &failed);
    }
    if any_failed {
        Err(AlreadyReported.into())
    } else {
        Ok(())
    }
}

fn print(session: &Session, runtime: &Runtime, dry_run: bool, runtimes: &[StaleRuntime], failed: &[Kept]) {
    let printer = &session.printer;
    if !runtimes.is_empty() {
        printer.line(if dry_run {
            "Stale KTX Python runtimes"
        } else {
            "Removed stale KTX Python runtimes"
        });
        for runtime in runtimes {
            printer.line(&runtime.path.display().to_string());
        }
        let bytes = human_bytes(total(runtimes));
        printer.line(&format!(
            "{}: {bytes}",
            if dry_run { "would free" } else { "freed" }
        ));
    } else if failed.is_empty() {
        let root = runtime.layout().runtime_root.display();
        printer.line(&format!("No stale KTX Python runtimes found under {root}"));
    }
    for kept in failed {
        printer.diagnostic(&sentence(kept));
    }
}

fn sentence(kept: &Kept) -> String {
    format!("kept `{}`: {}", kept.path.display(), kept.reason)
}

fn document(dry_run: bool, runtimes: &[StaleRuntime], kept: &[Kept]) -> PruneDocument {
    PruneDocument {
        dry_run,
        runtimes: runtimes
            .iter()
            .map(|runtime| RuntimeEntry {
                path: runtime.path.display().to_string(),
                version: runtime.version.clone(),
                bytes: runtime.bytes,
            })
            .collect(),
        kept: kept
            .iter()
            .map(|kept| KeptEntry {
                path: kept.path.display().to_string(),
                reason: kept.reason.clone(),
            })
            .collect(),
        bytes: total(runtimes),
    }
}

fn total(runtimes: &[StaleRuntime]) -> u64 {
    runtimes.iter().map(|runtime| runtime.bytes).sum()
}
