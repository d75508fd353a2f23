//! The maintainer's command line: `cargo xtask <command>`.
//!
//! Parses, dispatches, reports and exits; what a command does is in the file of its name, and what that needs to
//! know is in the library crates.

mod announce;
mod audit;
mod auditable;
mod bench;
mod build;
mod build_package;
mod build_wheel;
mod check;
mod ci;
mod crates;
mod diff;
mod dist;
mod exit;
mod git;
mod install_tools;
mod interrupt;
mod lock;
mod notes;
mod pack;
mod page;
#[cfg(test)]
mod pasteable;
mod printer;
mod process;
mod programs;
mod promote;
mod publish;
mod readiness;
mod refusal;
mod releasing;
mod rollback;
mod session;
mod signing;
mod smoke;
mod sources;
mod status;
mod test;
mod tools;
mod trust_root;
mod uv_pin;
mod verify;
mod verify_published;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::printer::{Format, Printer, Verbosity};
use crate::session::Session;

fn main() -> ExitCode {
    interrupt::watch();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let format = if arguments.json {
        Format::Json
    } else {
        Format::Text
    };
    let printer = Printer::new(arguments.verbosity(), format);
    let result = Session::new(&printer).and_then(|session| dispatch(arguments.command, &session));
    exit::report(&printer, result)
}

/// Build, check, prove and publish `@kaelio/ktx`.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110, after_help = exit::help())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document on stdout; diagnostics go to stderr
    #[arg(long, global = true)]
    json: bool,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Show the commands that run and their output
    #[arg(short, long, global = true)]
    verbose: bool,
}

impl Arguments {
    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    Build(build::BuildArgs),
    BuildWheel(build_wheel::BuildWheelArgs),
    BuildPackage(build_package::BuildPackageArgs),
    #[command(hide = true)]
    Pack(pack::PackArgs),
    Verify(verify::VerifyArgs),
    Smoke(smoke::SmokeArgs),
    #[command(hide = true)]
    SmokeGuardian(smoke::GuardianArgs),
    Check(check::CheckArgs),
    Ci(ci::CiArgs),
    Test(test::TestArgs),
    Bench(bench::BenchArgs),
    Lock(lock::LockArgs),
    Version(version::VersionArgs),
    Audit(audit::AuditArgs),
    Diff(diff::DiffArgs),
    Notes(notes::NotesArgs),
    Status(status::StatusArgs),
    Readiness(readiness::ReadinessArgs),
    Publish(publish::PublishArgs),
    Announce(announce::AnnounceArgs),
    Promote(promote::PromoteArgs),
    VerifyPublished(verify_published::VerifyPublishedArgs),
    TrustRoot(trust_root::TrustRootArgs),
    Rollback(rollback::RollbackArgs),
    InstallTools(install_tools::InstallToolsArgs),
}

fn dispatch(command: Command, session: &Session<'_>) -> anyhow::Result<()> {
    match command {
        Command::Build(arguments) => build::run(arguments, session),
        Command::BuildWheel(arguments) => build_wheel::run(arguments, session),
        Command::BuildPackage(arguments) => build_package::run(arguments, session),
        Command::Pack(arguments) => pack::run(arguments, session),
        Command::Verify(arguments) => verify::run(arguments, session),
        Command::Smoke(arguments) => smoke::run(arguments, session),
        Command::SmokeGuardian(arguments) => smoke::keep_watch(&arguments),
        Command::Check(arguments) => check::run(arguments, session),
        Command::Ci(arguments) => ci::run(arguments, session),
        Command::Test(arguments) => test::run(arguments, session),
        Command::Bench(arguments) => bench::run(arguments, session),
        Command::Lock(arguments) => lock::run(arguments, session),
        Command::Version(arguments) => version::run(arguments, session),
        Command::Audit(arguments) => audit::run(arguments, session),
        Command::Diff(arguments) => diff::run(arguments, session),
        Command::Notes(arguments) => notes::run(arguments, session),
        Command::Status(arguments) => status::run(arguments, session),
        Command::Readiness(arguments) => readiness::run(arguments, session),
        Command::Publish(arguments) => publish::run(arguments, session),
        Command::Announce(arguments) => announce::run(arguments, session),
        Command::VerifyPublished(arguments) => verify_published::run(arguments, session),
        Command::TrustRoot(arguments) => trust_root::run(arguments, session),
        Command::Promote(arguments) => promote::run(arguments, session),
        Command::Rollback(arguments) => rollback::run(arguments, session),
        Command::InstallTools(arguments) => install_tools::run(arguments, session),
    }
}
