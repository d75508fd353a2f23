//! The smoke report that publishing requires, from scenarios that really run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use camino::Utf8Path;
use fs_err as fs;
use jiff::Timestamp;
use ktx_manifest::Platform;
use ktx_manifest::digest::Sha256Digest;
use ktx_manifest::smoke_report::{PackageSource, SmokeReport};

use super::super::{npm_local, runtime_lifecycle};
use crate::failure::Stop;
use crate::observer::{ScenarioResult, Silent};
use crate::options::{Options, Package};
use crate::proven::proven_bytes;
use crate::report::{RunFacts, report, write_atomically};
use crate::run::{Run, SmokeRun};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// The scenarios are one step of the rehearsal.
const STEP: &str = "prove";

/// Without these publishing refuses a report.
pub(super) const INDISPENSABLE: [&Scenario; 2] = [&npm_local::SCENARIO, &runtime_lifecycle::SCENARIO];

/// Runs the scenarios that publishing requires on another package, and writes the report into `reports`.
pub fn prove(stage: &Stage<'_>, package: Package, policy: &Utf8Path, reports: &Utf8Path) -> Result<(), Stop> {
    let Some(platform) = Platform::host() else {
        return Err(Stop::failed(
            "proof.platform",
            "this platform has no package".to_owned(),
        ));
    };
    let started = Instant::now();
    stage.begin(STEP, &format!("smoke {}", package.tarball));
    let outcome = play(stage, &package)?;
    stage.end(STEP, started.elapsed());
    let broken = |error: &dyn std::fmt::Display| Stop::failed("proof.report", error.to_string());
    let provenance = RunFacts {
        platform,
        source: PackageSource::Artifacts {},
        bytes: proven_bytes(&package.tarball).map_err(|error| broken(&error))?,
        policy_sha256: Sha256Digest::of(fs::read(policy)?),
        tool_versions: Default::default(),
    };
    let path = reports.join(SmokeReport::file_name(platform));
    write_atomically(&path, &report(&outcome, provenance).to_text()).map_err(|error| broken(&error))
}

fn play(stage: &Stage<'_>, package: &Package) -> Result<SmokeRun, Stop> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = stage
        .sandbox
        .folders()
        .at(&format!("proof-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir(&folder)?;
    let options = Options {
        package: package.clone(),
        ..stage.options.clone()
    };
    let run = Run {
        options: &options,
        folder: &folder,
        seed: stage.uv_seed,
        observer: &Silent,
        interrupted: stage.interrupted,
    };
    let started_at = Timestamp::now();
    let mut played = Vec::new();
    for scenario in INDISPENSABLE {
        let started = Instant::now();
        let performance = run.play(scenario, &folder.join(scenario.name));
        match performance.verdict {
            ScenarioResult::Passed => {}
            ScenarioResult::Failed(failure) => return Err(Stop::Failed(failure)),
            ScenarioResult::Skipped(_) => return Err(Stop::Interrupted),
        }
        played.push(performance.of(scenario, started.elapsed()));
    }
    Ok(SmokeRun {
        started_at,
        finished_at: Timestamp::now(),
        played,
        touched: Vec::new(),
        interrupted: false,
    })
}
