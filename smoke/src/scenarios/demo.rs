//! `ktx setup demo`: what a new user does first.

use crate::failure::Stop;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Stage};

pub const SCENARIO: Scenario = Scenario {
    name: "demo",
    proves: "the demo project is set up without Python, its sources are found, and a query on it gives rows",
    set: Set::Standard,
    needs: &[Need::Program("npm"), Need::Program("uv")],
    run,
};

const COUNT: &str = "sl query --connection-id orbit_demo --measure contracts.contract_count";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    let demo = stage.sandbox.work().join("demo");
    let within = format!("--project-dir {demo}");
    stage
        .step(
            "setup",
            ktx.ktx(&format!("setup demo {within} --no-input --plain")),
        )
        .stdout_has("Mode: seeded")
        .stdout_has("Source: packaged demo project")
        .stdout_has("LLM calls: none")
        .stdout_has("ktx serve --mcp stdio")
        .stdout_lacks("KTX memory flow")
        .stderr_empty()
        .check()?;
    stage
        .step(
            "sources-found",
            ktx.ktx(&format!("agent sl list --json --query contract {within}")),
        )
        .stdout_has("contracts")
        .stdout_lacks("\"matchReasons\": []")
        .stderr_empty()
        .check()?;
    stage.warm_uv_cache()?;
    stage
        .step(
            "query-sql",
            ktx.ktx(&format!("{COUNT} {within} --format sql --yes"))
                .deadline_of(INSTALL_DEADLINE),
        )
        .stdout_has("SELECT")
        .stdout_has("contracts")
        .check()?;
    let rows = stage
        .step(
            "query-rows",
            ktx.ktx(&format!("{COUNT} {within} --execute --max-rows 10 --format json")),
        )
        .json("/plan/execution/mode", "executed")
        .json("/totalRows", 1)
        .stderr_empty()
        .check()?;
    stage.ensure("query-rows.count", rows.stdout.contains("contract_count"), || {
        format!("the answer has no column `contract_count`: {}", rows.stdout)
    })
}
