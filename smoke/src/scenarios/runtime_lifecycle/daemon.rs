//! Start, reuse, answer, stop, and stop again.

use std::time::Duration;

use crate::failure::Stop;
use crate::stage::{Installed, Stage};

/// A daemon that has nothing to do leaves at once; after 10 s it is killed (contract 7.2), which is not leaving.
const LEAVES_WITHIN: Duration = Duration::from_secs(8);

pub fn start_reuse_stop(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let started = stage
        .step("start", ktx.ktx("runtime start"))
        .stdout_has("Started KTX Python daemon\n")
        .stderr_empty()
        .check()?;
    let url = started.value_of("url: ");
    stage.ensure("start.url", url.starts_with("http://127.0.0.1:"), || {
        format!("`runtime start` printed no loopback URL: {url:?}")
    })?;
    stage
        .step("start-again", ktx.ktx("runtime start"))
        .stdout_has("Using existing KTX Python daemon\n")
        .stdout_has(format!("url: {url}\n"))
        .stderr_empty()
        .check()?;
    stage
        .step("stop", ktx.ktx("runtime stop"))
        .stdout_has("Stopped KTX Python daemon\n")
        .stderr_empty()
        .within(LEAVES_WITHIN)
        .check()?;
    let left = stage.sandbox.family().members();
    stage.ensure("stop.process", left.is_empty(), || {
        format!("the daemon still runs after `runtime stop`: {left:?}")
    })?;
    stage
        .step("stop-again", ktx.ktx("runtime stop"))
        .stdout_is("KTX Python daemon already stopped\n")
        .stderr_empty()
        .check()?;
    Ok(())
}
