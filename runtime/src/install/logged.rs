//! Runs a command of an installation: its line and its output go to the log, a failure ends the attempt.

use std::process::Command;

use ktx_system::process::{self, ProcessError, Supervision, describe_exit};

use super::log::InstallLog;
use crate::observer::Event;
use crate::{Error, Runtime};

/// Runs it to its end. `what` begins the reason of a failure: ``failed at <step>: `uv venv` ``. `grows` tells whether a
/// silent command still makes progress.
pub fn run(
    runtime: &Runtime,
    log: &mut InstallLog,
    what: &str,
    command: Command,
    grows: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    let supervision =
        Supervision::new(runtime.interrupt()).silent_for_at_most(runtime.limits().silence, grows);
    let ended = process::run(command, None, supervision, &mut |_, piece| {
        log.output(piece, |line| runtime.observer().observe(&Event::Output(line)));
    });
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(log.failed(format!("{what} ended with {}", describe_exit(status)))),
        Err(ProcessError::Interrupted(interrupted)) => Err(interrupted.into()),
        Err(error) => Err(log.failed(format!("{what}: {error}"))),
    }
}
