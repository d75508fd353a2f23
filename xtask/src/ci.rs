//! `cargo xtask ci`: what continuous integration runs. The one list of it: `ci.yml` calls its jobs, `.ci/run` all of them.

use std::panic::resume_unwind;
use std::thread;

use anyhow::Result;
use clap::{Args, ValueEnum};
use ktx_manifest::{BuildProfile, Platform};
use ktx_policy::readiness::COMPLETE_PLATFORM;
use xshell::cmd;

use crate::build::{self, BuildArgs};
use crate::check::{self, CheckArgs};
use crate::dist::Dist;
use crate::exit;
use crate::process::{self, OutputMode};
use crate::programs;
use crate::session::Session;
use crate::smoke::{self, SmokeArgs};
use crate::test::{self, Suite, TestArgs};

/// Run what continuous integration runs: one job, or everything
#[derive(Args)]
pub struct CiArgs {
    /// The job to run [default: all, side by side where they do not compete]
    job: Option<Job>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Job {
    /// rustfmt and clippy
    Lint,
    /// Every other test suite, with nothing skipped
    Test,
    /// Release artifacts for this machine, verified and smoked; on Linux the known-bad corpus, too
    Check,
}

pub fn run(arguments: CiArgs, session: &Session<'_>) -> Result<()> {
    match arguments.job {
        Some(Job::Lint) => test::run(TestArgs::of(|suite| suite == Suite::Lint), session),
        Some(Job::Test) => test::run(TestArgs::of(|suite| suite != Suite::Lint), session),
        Some(Job::Check) => {
            check::run(CheckArgs::of(BuildArgs::for_release(), false), session)?;
            known_bad(session)
        }
        None => everything(session),
    }
}

/// The programs are built beside the tests: linking a release takes minutes on one processor.
fn everything(session: &Session<'_>) -> Result<()> {
    let (built, tested) = thread::scope(|scope| {
        let built = scope.spawn(|| build_programs(session));
        let tested = test::run(TestArgs::of(|suite| suite != Suite::Reproducible), session);
        (built.join().unwrap_or_else(|panic| resume_unwind(panic)), tested)
    });
    if let (Err(error), Err(_)) = (&built, &tested) {
        exit::tell(session.printer, error);
    }
    tested.and(built)?;
    // The tests have built `xtask` again, so the file of this program is gone, and a smoke starts its guardian from it.
    let sh = session.shell()?;
    let mut rest = vec![cmd!(sh, "cargo xtask check --prebuilt --no-skip")];
    if build::host()? == COMPLETE_PLATFORM {
        rest.push(cmd!(sh, "cargo xtask smoke --known-bad"));
    }
    for command in rest {
        process::run(session.printer, command, OutputMode::Streamed)?;
    }
    Ok(())
}

/// This machine's release program, built twice from two folders; and those that an emulator can run here.
fn build_programs(session: &Session<'_>) -> Result<()> {
    test::reproducible::run(session)?;
    if build::host()? != COMPLETE_PLATFORM {
        return Ok(());
    }
    for platform in [Platform::LinuxArm64, Platform::Win32X64] {
        programs::build(session, &Dist::lock(session)?, platform, BuildProfile::Local)?;
    }
    Ok(())
}

/// Tests the smoke itself: every artifact that is damaged on purpose has to be caught.
fn known_bad(session: &Session<'_>) -> Result<()> {
    if build::host()? != COMPLETE_PLATFORM {
        return Ok(());
    }
    let known_bad = SmokeArgs {
        known_bad: true,
        ..SmokeArgs::default()
    };
    smoke::run(known_bad, session)
}
