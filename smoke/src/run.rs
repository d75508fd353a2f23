//! Runs scenarios, some of them side by side, and leaves nothing behind.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use jiff::Timestamp;

use crate::failure::{StepFailure, Stop};
use crate::observer::{Observer, ScenarioResult};
use crate::options::Options;
use crate::proven::ProvenBytes;
use crate::sandbox::{Guardian, Interrupted, Sandbox, remove_tree};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::untouched::Untouched;
use crate::{logs, warm};

/// How long a process may take to exit after its scenario ended.
const LEAVING: Duration = Duration::from_secs(10);

/// It starts first, because it takes as long as half of the others together.
const LONGEST: &str = "rehearsal";

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct SmokeRun {
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// In the order of the selection.
    pub played: Vec<Played>,
    /// What the run changed outside of its folder.
    pub touched: Vec<String>,
    pub interrupted: bool,
}

/// One scenario of a run.
#[derive(Clone, Debug)]
pub struct Played {
    pub scenario: &'static Scenario,
    pub verdict: ScenarioResult,
    pub elapsed: Duration,
    pub steps: Vec<(String, Duration)>,
    /// What a registry served, where the scenario took the package from one.
    pub served: Option<ProvenBytes>,
}

/// The outcome of running a scenario.
pub(crate) struct Performance {
    pub verdict: ScenarioResult,
    steps: Vec<(String, Duration)>,
    served: Option<ProvenBytes>,
}

impl Performance {
    /// A scenario without an outcome.
    fn silent(verdict: ScenarioResult) -> Performance {
        Performance {
            verdict,
            steps: Vec::new(),
            served: None,
        }
    }

    pub fn of(self, scenario: &'static Scenario, elapsed: Duration) -> Played {
        Played {
            scenario,
            verdict: self.verdict,
            elapsed,
            steps: self.steps,
            served: self.served,
        }
    }
}

/// The harness failed.
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    #[error("failed to prepare a folder for the run: {0}")]
    Prepare(#[source] std::io::Error),
    #[error("failed to remove the folder of the run: {0}")]
    CleanUp(#[source] std::io::Error),
}

/// Runs the scenarios. Returns when everything has ended and the run's folder is gone.
pub fn run(
    options: &Options,
    selection: &[&'static Scenario],
    observer: &dyn Observer,
    interrupted: Interrupted<'_>,
) -> Result<SmokeRun, SmokeError> {
    let started_at = Timestamp::now();
    let folder = Folder::make(options).map_err(SmokeError::Prepare)?;
    let untouched = Untouched::remember(&options.belongings);
    observer.preparing("cache");
    let seed = warm::seed(options, &folder.path, interrupted).map_err(SmokeError::Prepare)?;
    let run = Run {
        options,
        folder: &folder.path,
        seed: seed.as_deref(),
        observer,
        interrupted,
    };
    let played = run.all(selection);
    let touched = untouched.changes(&folder.path);
    folder.remove().map_err(SmokeError::CleanUp)?;
    Ok(SmokeRun {
        started_at,
        finished_at: Timestamp::now(),
        played,
        touched,
        interrupted: interrupted(),
    })
}

/// The folder of a run, with a guardian that removes it if the run is killed.
pub(crate) struct Folder {
    pub path: Utf8PathBuf,
    guardian: Option<Guardian>,
}

impl Folder {
    /// The guardian starts first, so that a run that is killed in between leaves nothing.
    pub fn make(options: &Options) -> std::io::Result<Folder> {
        let parent =
            Utf8PathBuf::try_from(fs::canonicalize(&options.folder)?).map_err(std::io::Error::other)?;
        let path = unused_name(&parent);
        let guardian = options
            .guardian
            .as_ref()
            .map(|program| Guardian::post(program, &path))
            .transpose()?;
        make_private(&path)?;
        Ok(Folder { path, guardian })
    }

    pub fn remove(self) -> std::io::Result<()> {
        remove_tree(&self.path)
    }
}

/// However a run ends, its folder is removed; the guardian exits last, when it sees that.
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = remove_tree(&self.path);
        drop(self.guardian.take());
    }
}

/// 64 random bits: nobody else makes this folder between the check and its creation.
fn unused_name(parent: &Utf8Path) -> Utf8PathBuf {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let path = parent.join(format!("ktx-smoke-{random:016x}"));
        if !path.exists() {
            return path;
        }
    }
}

#[cfg(unix)]
fn make_private(folder: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

/// A temporary folder of Windows is the user's own.
#[cfg(not(unix))]
fn make_private(folder: &Utf8Path) -> std::io::Result<()> {
    fs::create_dir(folder)
}

/// What the scenarios of a run have in common.
pub(crate) struct Run<'r> {
    pub options: &'r Options,
    pub folder: &'r Utf8Path,
    pub seed: Option<&'r Utf8Path>,
    pub observer: &'r dyn Observer,
    pub interrupted: Interrupted<'r>,
}

impl Run<'_> {
    fn all(&self, selection: &[&'static Scenario]) -> Vec<Played> {
        let mut waiting: Vec<_> = selection.iter().copied().enumerate().collect();
        waiting.sort_by_key(|(_, scenario)| scenario.name != LONGEST);
        let waiting = Mutex::new(VecDeque::from(waiting));
        let played = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.max(1) {
                scope.spawn(|| {
                    while !(self.interrupted)() {
                        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some((index, scenario)) = next else { return };
                        let result = self.one(scenario);
                        played
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((index, result));
                    }
                });
            }
        });
        let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
        played.sort_by_key(|(index, _)| *index);
        played.into_iter().map(|(_, played)| played).collect()
    }

    fn one(&self, scenario: &'static Scenario) -> Played {
        let started = Instant::now();
        let unmet: Vec<_> = scenario
            .needs
            .iter()
            .filter_map(|need| need.unmet(self.options))
            .collect();
        let performance = if unmet.is_empty() {
            self.observer.scenario_begins(scenario.name);
            self.play(scenario, &self.folder.join(scenario.name))
        } else {
            Performance::silent(ScenarioResult::Skipped(unmet.join("; ")))
        };
        let elapsed = started.elapsed();
        self.observer
            .scenario_ends(scenario.name, &performance.verdict, elapsed);
        performance.of(scenario, elapsed)
    }

    /// Runs one scenario in a sandbox at `root`, which is gone afterwards.
    pub fn play(&self, scenario: &'static Scenario, root: &Utf8Path) -> Performance {
        let sandbox = match Sandbox::create(root, &self.options.machine) {
            Ok(sandbox) => sandbox,
            Err(error) => return Performance::silent(self.verdict(Err(error.into()), None)),
        };
        let stage = Stage {
            sandbox: &sandbox,
            options: self.options,
            uv_seed: self.seed,
            scenario: scenario.name,
            observer: self.observer,
            interrupted: self.interrupted,
            steps: Mutex::default(),
            served: Mutex::default(),
        };
        let result = (scenario.run)(&stage).and_then(|()| left_behind(&sandbox));
        let steps = stage.steps.into_inner().unwrap_or_else(PoisonError::into_inner);
        let served = stage.served.into_inner().unwrap_or_else(PoisonError::into_inner);
        let verdict = self.verdict(result, Some(&sandbox));
        let verdict = match (sandbox.remove(), verdict) {
            (Err(error), ScenarioResult::Passed) => self.verdict(Err(error.into()), None),
            (_, verdict) => verdict,
        };
        Performance {
            verdict,
            steps,
            served,
        }
    }

    fn verdict(&self, result: Result<(), Stop>, sandbox: Option<&Sandbox>) -> ScenarioResult {
        match result {
            Ok(()) => ScenarioResult::Passed,
            Err(Stop::Interrupted) => ScenarioResult::Skipped("interrupted".to_owned()),
            Err(Stop::Failed(failure)) => {
                let redaction = &self.options.redaction;
                let redaction = match sandbox {
                    Some(sandbox) => redaction
                        .clone()
                        .place(sandbox.folders().root.as_str(), "[SANDBOX]"),
                    None => redaction.clone(),
                };
                ScenarioResult::Failed(Box::new(StepFailure {
                    code: failure.code,
                    message: redaction.apply(&failure.message),
                    shown: redaction.apply(&failure.shown),
                    logs: sandbox.map_or_else(Vec::new, |sandbox| logs::of(sandbox.folders(), &redaction)),
                }))
            }
        }
    }
}

/// What a successful scenario must not leave: processes, and files in the temporary folder.
fn left_behind(sandbox: &Sandbox) -> Result<(), Stop> {
    let alive = sandbox.family().gone_within(LEAVING);
    if let Some(first) = alive.first() {
        let message = format!("process {} is left: {}", first.pid, first.command_line);
        return Err(Stop::failed("left.process", message));
    }
    let temporary = sandbox.folders().temporary();
    let left: Vec<_> = temporary
        .read_dir_utf8()?
        .flatten()
        .map(|entry| entry.file_name().to_owned())
        .filter(|name| !OTHERS_LEAVE.iter().any(|known| name.starts_with(known)))
        .collect();
    if let Some(first) = left.first() {
        let message = format!("`{first}` is left in the temporary folder");
        return Err(Stop::Failed(Box::new(StepFailure::new(
            "left.file",
            &message,
            left.join("\n"),
        ))));
    }
    Ok(())
}

/// What the package managers leave in the temporary folder, whatever they install, and PyTorch whenever it is imported.
const OTHERS_LEAVE: [&str; 3] = ["node-compile-cache", "bunx-", "torchinductor_"];
