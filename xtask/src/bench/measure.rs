//! Times whole commands and puts them beside each other.
//!
//! Contestants take turns, so that a slow moment of the machine meets all of them; the median of the rounds counts.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::interrupt;

/// One command of a comparison.
pub struct Contestant<'a> {
    pub name: &'a str,
    /// Makes a new command for every round, and what it needs to find.
    pub command: Box<dyn FnMut() -> Result<Command> + 'a>,
    /// Whether it has done its work, too, when it refuses: by policy, or because a prerequisite is missing.
    may_refuse: bool,
}

impl<'a> Contestant<'a> {
    pub fn new(name: &'a str, command: impl FnMut() -> Result<Command> + 'a) -> Self {
        Contestant {
            name,
            command: Box::new(command),
            may_refuse: false,
        }
    }

    /// A refusal ends its work as well as success does.
    pub fn refusing(self) -> Self {
        Self {
            may_refuse: true,
            ..self
        }
    }
}

/// What a contestant took.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    pub name: String,
    /// Median over the rounds, in milliseconds.
    pub milliseconds: f64,
    /// Largest resident set of the command's own process, in MiB; absent where the system does not tell.
    pub peak_mib: Option<f64>,
}

/// Runs every contestant once to warm the caches, then `rounds` times in turn.
pub fn compare(contestants: &mut [Contestant<'_>], rounds: usize) -> Result<Vec<Taken>> {
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    let mut peaks = vec![None::<u64>; contestants.len()];
    for round in 0..=rounds {
        for (index, contestant) in contestants.iter_mut().enumerate() {
            interrupt::check()?;
            let (elapsed, peak) = run_once(contestant)?;
            if round > 0 {
                times[index].push(elapsed);
            }
            peaks[index] = peaks[index].max(peak);
        }
    }
    let taken = contestants
        .iter()
        .zip(&mut times)
        .zip(peaks)
        .map(|((contestant, times), peak)| {
            times.sort();
            Taken {
                name: contestant.name.to_owned(),
                milliseconds: times[times.len() / 2].as_secs_f64() * 1000.0,
                peak_mib: peak.map(|kib| kib as f64 / 1024.0),
            }
        });
    Ok(taken.collect())
}

/// Ratio of two medians.
pub fn ratio(ours: &Taken, theirs: &Taken) -> f64 {
    ours.milliseconds / theirs.milliseconds
}

fn run_once(contestant: &mut Contestant<'_>) -> Result<(Duration, Option<u64>)> {
    let mut command = (contestant.command)()?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("failed to run {}", contestant.name))?;
    let (process, over) = (child.id(), AtomicBool::new(false));
    let (status, elapsed, peak) = thread::scope(|scope| {
        let sampler = scope.spawn(|| sample_peak(process, &over));
        let status = child.wait();
        let elapsed = started.elapsed();
        over.store(true, Ordering::Relaxed);
        (status, elapsed, sampler.join().unwrap_or_default())
    });
    let status = status.with_context(|| format!("failed to wait for {}", contestant.name))?;
    let refusals = [Exit::Refused, Exit::Prerequisite].map(|exit| exit as i32);
    let is_refusal = contestant.may_refuse && status.code().is_some_and(|code| refusals.contains(&code));
    if !status.success() && !is_refusal {
        return Err(
            Failure::new(Exit::Failed, format!("{} failed with {status}", contestant.name))
                .hint(format!("run it by hand: {command:?}"))
                .into(),
        );
    }
    Ok((elapsed, peak))
}

/// Looks while the process runs; a peak in its last two milliseconds may escape.
fn sample_peak(process: u32, over: &AtomicBool) -> Option<u64> {
    let mut peak = None;
    while !over.load(Ordering::Relaxed) {
        peak = peak.max(resident_peak(process));
        thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// `VmHWM` of the process, in KiB: what Linux keeps as its high-water mark.
fn resident_peak(process: u32) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
