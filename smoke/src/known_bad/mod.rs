//! Tests the smoke itself: sabotaged artifacts, each of which must be caught, for the right reason.
//!
//! A sabotage is one short function on a good [`Artifact`]. It names what has to catch it, a scenario or the
//! verification of artifacts, and with which stable code; caught by another or with another code, it has escaped.

/// A sabotage that the verification of artifacts catches with this code.
macro_rules! refused {
    ($name:literal, $code:literal, $apply:expr) => {
        super::Sabotage {
            name: $name,
            apply: $apply,
            caught_by: super::Catcher::Verify($code),
        }
    };
}

mod artifact;
mod launcher;
mod package;
mod payload;
mod program;
mod provenance;
mod signature;
mod trust;
mod unshipped;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::Utf8Path;

pub use artifact::Artifact;
pub use provenance::Evidence;
pub use trust::BUILD_HOST;

use crate::observer::{ScenarioResult, Silent};
use crate::options::{Options, Package};
use crate::run::{Folder, Run, SmokeError};
use crate::sandbox::Interrupted;
use crate::scenarios::ALL as SCENARIOS;
use crate::untouched::{Belongings, Untouched};
use crate::warm;

/// One way to damage an artifact.
pub struct Sabotage {
    pub name: &'static str,
    pub apply: fn(&mut Artifact) -> std::io::Result<()>,
    pub caught_by: Catcher,
}

/// What catches a sabotage, and with which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catcher {
    /// `cargo xtask verify`, with a finding of this code.
    Verify(&'static str),
    /// A scenario, with a failure of this code.
    Scenario(&'static str, &'static str),
    /// `cargo xtask verify-published`, with a check that fails with this code.
    Published(&'static str),
    /// Nothing: the artifact is good. The control that unpacking and packing does no harm.
    Nobody(&'static str),
}

/// Every sabotage.
pub fn corpus() -> impl Iterator<Item = &'static Sabotage> {
    [
        unshipped::ALL,
        package::ALL,
        launcher::ALL,
        payload::ALL,
        program::ALL,
        signature::ALL,
        trust::ALL,
        provenance::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The outcome of one sabotage.
#[derive(Debug)]
pub struct Trial {
    pub sabotage: &'static str,
    pub expected: Catcher,
    /// The codes with which the expected catcher caught it; none when it escaped.
    pub caught_with: Vec<String>,
    pub elapsed: Duration,
}

impl Catcher {
    /// Whether a scenario of this name is involved.
    pub fn is_scenario(self, name: &str) -> bool {
        match self {
            Catcher::Scenario(scenario, _) | Catcher::Nobody(scenario) => scenario == name,
            Catcher::Verify(_) | Catcher::Published(_) => false,
        }
    }
}

impl Trial {
    /// Whether the outcome is the expected one.
    pub fn is_right(&self) -> bool {
        match self.expected {
            Catcher::Verify(code) | Catcher::Scenario(_, code) | Catcher::Published(code) => {
                self.caught_with.iter().any(|got| got == code)
            }
            Catcher::Nobody(_) => self.caught_with.is_empty(),
        }
    }
}

/// What judges artifacts without running them: the codes of everything that is wrong.
#[derive(Clone, Copy)]
pub struct Judges<'j> {
    /// `cargo xtask verify`, of a folder of artifacts.
    pub artifacts: &'j (dyn Fn(&Utf8Path) -> Vec<String> + Sync),
    /// `cargo xtask verify-published`, of a tarball and what a registry has about it.
    pub published: &'j (dyn Fn(&[u8], &Evidence) -> Vec<String> + Sync),
}

/// Tries sabotages on the artifacts in `good`, and reports each outcome as it comes.
pub fn try_out(
    sabotages: Vec<&'static Sabotage>,
    options: &Options,
    good: &Utf8Path,
    judges: Judges<'_>,
    told: &(dyn Fn(&Trial) + Sync),
    interrupted: Interrupted<'_>,
) -> Result<Vec<Trial>, SmokeError> {
    let folder = Folder::make(options).map_err(SmokeError::Prepare)?;
    let seed = warm::seed(options, &folder.path, interrupted).map_err(SmokeError::Prepare)?;
    let waiting: Mutex<VecDeque<_>> = Mutex::new(sabotages.into());
    let trials = Mutex::new(Vec::new());
    let bench = Bench {
        options,
        good,
        folder: &folder.path,
        seed: seed.as_deref(),
        judges,
        interrupted,
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while !interrupted() {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(sabotage) = next else { return };
                    let trial = bench.attempt(sabotage);
                    told(&trial);
                    trials.lock().unwrap_or_else(PoisonError::into_inner).push(trial);
                }
            });
        }
    });
    folder.remove().map_err(SmokeError::CleanUp)?;
    Ok(trials.into_inner().unwrap_or_else(PoisonError::into_inner))
}

struct Bench<'b> {
    options: &'b Options,
    good: &'b Utf8Path,
    folder: &'b Utf8Path,
    seed: Option<&'b Utf8Path>,
    judges: Judges<'b>,
    interrupted: Interrupted<'b>,
}

impl Bench<'_> {
    fn attempt(&self, sabotage: &'static Sabotage) -> Trial {
        let started = Instant::now();
        let caught_with = self
            .codes(sabotage)
            .unwrap_or_else(|error| vec![format!("failed to do the sabotage: {error}")]);
        Trial {
            sabotage: sabotage.name,
            expected: sabotage.caught_by,
            caught_with,
            elapsed: started.elapsed(),
        }
    }

    fn codes(&self, sabotage: &Sabotage) -> std::io::Result<Vec<String>> {
        let folder = self.folder.join(format!("{}-artifacts", sabotage.name));
        let mut artifact = Artifact::read(self.good)?;
        (sabotage.apply)(&mut artifact)?;
        fs_err::create_dir_all(&folder)?;
        let tarball = artifact.write(&folder)?;
        let codes = match sabotage.caught_by {
            Catcher::Verify(_) => (self.judges.artifacts)(&folder),
            Catcher::Published(_) => artifact.codes_of_evidence(&fs_err::read(&tarball)?, self.judges)?,
            Catcher::Scenario(scenario, _) => self.play(sabotage, scenario, tarball)?,
            Catcher::Nobody(scenario) => {
                let mut codes = (self.judges.artifacts)(&folder);
                codes.extend(self.play(sabotage, scenario, tarball)?);
                codes
            }
        };
        fs_err::remove_dir_all(&folder)?;
        Ok(codes)
    }

    fn play(
        &self,
        sabotage: &Sabotage,
        scenario: &str,
        tarball: camino::Utf8PathBuf,
    ) -> std::io::Result<Vec<String>> {
        let scenario = SCENARIOS
            .iter()
            .find(|known| known.name == scenario)
            .ok_or_else(|| std::io::Error::other(format!("there is no scenario `{scenario}`")))?;
        let root = self.folder.join(sabotage.name);
        // A temporary user: what a sabotage touches must not belong to a real one.
        let user = self.folder.join(format!("{}-user", sabotage.name));
        let belongings = Belongings::of_home(&user);
        let options = Options {
            package: Package {
                tarball,
                ..self.options.package.clone()
            },
            belongings: belongings.clone(),
            ..self.options.clone()
        };
        let untouched = Untouched::remember(&belongings);
        let run = Run {
            options: &options,
            folder: self.folder,
            seed: self.seed,
            observer: &Silent,
            interrupted: self.interrupted,
        };
        let mut codes = match run.play(scenario, &root).verdict {
            ScenarioResult::Passed => Vec::new(),
            ScenarioResult::Failed(failure) => vec![failure.code],
            ScenarioResult::Skipped(reason) => vec![format!("skipped: {reason}")],
        };
        if !untouched.changes(&root).is_empty() {
            codes.push("touched".to_owned());
        }
        Ok(codes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn caught_by_another_or_not_at_all_is_escaped() {
        for (expected, caught_with, right) in [
            (Catcher::Verify("package-mode"), &["package-mode"][..], true),
            (Catcher::Verify("package-mode"), &["other", "package-mode"], true),
            (Catcher::Verify("package-mode"), &["other"], false),
            (Catcher::Scenario("demo", "setup.exit"), &["setup.exit"], true),
            (Catcher::Scenario("demo", "setup.exit"), &["setup.stdout"], false),
            (
                Catcher::Scenario("demo", "setup.exit"),
                &["skipped: no npm"],
                false,
            ),
            (Catcher::Scenario("demo", "setup.exit"), &[], false),
            (Catcher::Nobody("demo"), &[], true),
            (Catcher::Nobody("demo"), &["setup.exit"], false),
        ] {
            let trial = Trial {
                sabotage: "sabotage",
                expected,
                caught_with: caught_with.iter().map(|code| (*code).to_owned()).collect(),
                elapsed: Duration::ZERO,
            };
            assert_eq!(trial.is_right(), right, "{trial:?}");
        }
    }

    #[test]
    fn the_corpus_is_large_and_names_scenarios_that_exist() {
        let names: BTreeSet<_> = corpus().map(|sabotage| sabotage.name).collect();
        assert_eq!(names.len(), corpus().count(), "a name is listed twice");
        assert!(names.len() > 40);
        for sabotage in corpus() {
            let known = SCENARIOS
                .iter()
                .any(|scenario| sabotage.caught_by.is_scenario(scenario.name));
            assert!(
                known || matches!(sabotage.caught_by, Catcher::Verify(_) | Catcher::Published(_)),
                "{}",
                sabotage.name
            );
        }
    }
}
