//! Node alone on the search path: what works without uv and Python works, and the rest says what it needs.

use std::time::Duration;

use serde_json::json;

use crate::bare::BarePath;
use crate::failure::Stop;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::Stage;

pub const SCENARIO: Scenario = Scenario {
    name: "bare-machine",
    proves: "with Node alone on PATH everything works but queries, which say what they need and get it with --with-uv",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: &[Need::Program("npm"), Need::Program("python3")],
    run,
};

/// uv is about 20 MB to download, the core wheels 30 MB.
const DOWNLOAD: Duration = Duration::from_secs(300);
const QUERY: &str = "sl query --project-dir demo --measure contracts.contract_count --execute --max-rows 9";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let bare = BarePath::with_node(stage)?;
    let alone = |words: &str| bare.around(ktx.ktx(words));
    stage
        .step("version", alone("--version"))
        .stdout_is(stage.version_line())
        .stderr_empty()
        .check()?;
    stage
        .step("status", alone("runtime status"))
        .stdout_has("status: missing\n")
        .stderr_has("warning: uv was not found")
        .stderr_has("hint: install uv")
        .check()?;
    stage
        .step("demo", alone("setup demo --project-dir demo --no-input"))
        .stdout_has("Mode: seeded")
        .stderr_has("warning: uv was not found")
        .check()?;
    stage
        .step("list", alone("sl list --project-dir demo --query contracts"))
        .stdout_has("contracts")
        .stderr_empty()
        .check()?;
    stage
        .step("query-asks", alone(QUERY))
        .exits(1)
        .stdout_empty()
        .stderr_has("KTX Python runtime is required for this command.")
        .check()?;
    stage
        .step("query-yes", alone(&format!("{QUERY} --yes")))
        .exits(1)
        .stdout_empty()
        .stderr_has("KTX does not download uv automatically.")
        .stderr_has("--with-uv")
        .check()?;
    let uv = stage.sandbox.folders().runtime_root().join("uv");
    stage.ensure("query-yes.download", !uv.exists(), || {
        format!("`--yes` alone downloaded uv to `{uv}`")
    })?;
    bare.add_python(stage)?;
    stage.warm_uv_cache()?;
    stage
        .step(
            "query-with-uv",
            alone(&format!("{QUERY} --yes --with-uv")).deadline_of(DOWNLOAD),
        )
        .json("/headers", json!(["contract_count"]))
        .stderr_has("KTX Python runtime ready: ")
        .check()?;
    stage.ensure("query-with-uv.download", uv.exists(), || {
        format!("uv is not below the runtime root, at `{uv}`")
    })?;
    stage
        .step("query-again", alone(&format!("{QUERY} --no-input")))
        .json("/headers", json!(["contract_count"]))
        .stderr_empty()
        .check()?;
    Ok(())
}
