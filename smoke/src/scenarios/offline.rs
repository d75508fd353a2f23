//! Once installed, nothing needs a network: the same commands in a network namespace that has none.

use serde_json::json;

use crate::failure::Stop;
use crate::sandbox::{Invocation, NoNetwork};
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "offline",
    proves: "after one installation every command works without a network",
    set: Set::StandardOn(&["linux"]),
    needs: &[Need::Program("npm"), Need::Program("uv"), Need::NetworkNamespace],
    run,
};

/// A documentation address (RFC 5737): nothing answers there, and without a network nothing is even sent.
const OUTSIDE: &str =
    "import socket; s = socket.socket(); s.settimeout(3); print(s.connect_ex(('192.0.2.1', 9)))";

/// `ENETUNREACH` of Linux.
const UNREACHABLE: &str = "101\n";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    ktx.install_runtime()?;
    let nowhere = NoNetwork::enter(stage.sandbox)?;
    stage
        .step(
            "no-network",
            nowhere.around(Invocation::new("python3").args(["-c", OUTSIDE])),
        )
        .stdout_is(UNREACHABLE)
        .check()?;
    everything(stage, &ktx, &nowhere)?;
    nowhere.leave(stage.sandbox);
    Ok(())
}

fn everything(stage: &Stage<'_>, ktx: &Installed<'_>, nowhere: &NoNetwork) -> Result<(), Stop> {
    let offline = |words: &str| nowhere.around(ktx.ktx(words));
    stage
        .step("status", offline("runtime status --json"))
        .json("/kind", "ready")
        .stderr_empty()
        .check()?;
    stage
        .step("install-again", offline("runtime install --yes"))
        .stdout_has("Using existing KTX Python runtime\n")
        .stderr_empty()
        .check()?;
    let query = "sl query --measure orders.order_count --execute --max-rows 9 --no-input";
    stage
        .step("query", offline(query))
        .json("/rows", json!([[3]]))
        .stderr_empty()
        .check()?;
    stage
        .step("start", offline("runtime start"))
        .stdout_has("Started KTX Python daemon\n")
        .stderr_empty()
        .check()?;
    stage
        .step("query-through-daemon", offline(query))
        .json("/rows", json!([[3]]))
        .check()?;
    stage
        .step("scan", offline("dev scan warehouse --no-input"))
        .stdout_has("Status: done\n")
        .check()?;
    let demo = stage.sandbox.work().join("demo");
    stage
        .step(
            "demo",
            offline(&format!("setup demo --project-dir {demo} --no-input --plain")),
        )
        .stdout_has("Mode: seeded")
        .check()?;
    stage
        .step("stop", offline("runtime stop"))
        .stdout_has("Stopped KTX Python daemon\n")
        .check()?;
    Ok(())
}
