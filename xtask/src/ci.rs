//! `cargo xtask ci`: what continuous integration runs. The one list of it: `ci.yml` calls its jobs, `.ci/run` all of them.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use fs_err as fs;
use ktx_manifest::{BuildProfile, Platform};
use ktx_policy::readiness::COMPLETE_PLATFORM;
use xshell::cmd;

use crate::build::{self, BuildArgs};
use crate::check::{self, CheckArgs};
use crate::dist::DistFolder;
use crate::exit;
use crate::process::{self, OutputMode};
use crate::programs;
use crate::session::Session;
use crate::smoke::{self, SmokeArgs};
use crate::test::{self, Suite, TestArgs};

/// Run what continuous integration runs: one job, or everything
#[derive(Args)]
pub struct CiArgs {
    /// The job to run [default: every job, side by side where they do not compete]
    job: Option<Job>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Job {
    /// rustfmt, clippy, and the rules for what is locked
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

/// Linking a release takes minutes of one processor, and a smoke mostly waits: both go on beside the tests.
fn everything(session: &Session<'_>) -> Result<()> {
    let xtask = own_copy(session)?;
    let (proven, tested) = thread::scope(|scope| {
        let proven = scope.spawn(|| programs_and_proof(session, &xtask));
        let tested = test::run(TestArgs::of(|suite| suite != Suite::Reproducible), session);
        (joined(proven), tested)
    });
    both(session, tested, proven)
}

/// The tests build `xtask` again, and a smoke starts its guardian from the file of the running program.
fn own_copy(session: &Session<'_>) -> Result<Utf8PathBuf> {
    let program = std::env::current_exe().context("failed to find the running program")?;
    let folder = session.root()?.join("target/ci");
    fs::create_dir_all(&folder)?;
    let copy = folder.join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    fs::copy(program, &copy)?;
    Ok(copy)
}

/// This machine's release program and those that an emulator can run here, proven while the release is built again
/// from another folder.
fn programs_and_proof(session: &Session<'_>, xtask: &Utf8Path) -> Result<()> {
    let host = build::host()?;
    let mut wanted = vec![(host, BuildProfile::Release)];
    if host == COMPLETE_PLATFORM {
        wanted.extend([Platform::LinuxArm64, Platform::Win32X64].map(|other| (other, BuildProfile::Local)));
    }
    for (platform, profile) in wanted {
        programs::build(session, &DistFolder::lock(session)?, platform, profile)?;
    }
    let (proven, reproduced) = thread::scope(|scope| {
        let proven = scope.spawn(|| proof(session, xtask));
        let reproduced = test::reproducible::run(session);
        (joined(proven), reproduced)
    });
    both(session, reproduced, proven)
}

/// Release artifacts of the programs in `dist/bin`, verified and smoked; then the smoke itself.
fn proof(session: &Session<'_>, xtask: &Utf8Path) -> Result<()> {
    let sh = session.shell()?;
    let mut commands = vec![cmd!(sh, "{xtask} check --prebuilt --no-skip")];
    if build::host()? == COMPLETE_PLATFORM {
        commands.push(cmd!(sh, "{xtask} smoke --known-bad"));
    }
    for command in commands {
        process::run(session.printer, command, OutputMode::Streamed)?;
    }
    Ok(())
}

fn joined(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// The first error is returned; a second one is reported here.
fn both(session: &Session<'_>, first: Result<()>, second: Result<()>) -> Result<()> {
    if let (Err(_), Err(error)) = (&first, &second) {
        exit::tell(session.printer, error);
    }
    first.and(second)
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
