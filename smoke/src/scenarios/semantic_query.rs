//! `ktx sl query` on a project that a user wrote by hand: compiled, executed, and quiet where programs read.

use serde_json::json;

use crate::failure::Stop;
use crate::scenario::{Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "semantic-query",
    proves: "a query compiles, installs what it needs on the way, runs on SQLite and prints clean JSON and SQL",
    set: Set::Standard,
    needs: warehouse::NEEDS,
    run,
};

const COUNT: &str = "sl query --connection-id warehouse --measure orders.order_count";
const BY_CUSTOMER: &str = "sl query --measure orders.order_count --measure orders.revenue --dimension orders.customer_id \
                           --order-by orders.revenue:desc --execute --max-rows 100 --no-input";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    stage
        .step("query-refused", ktx.ktx(COUNT).arg("--no-input"))
        .exits(1)
        .stdout_empty()
        .stderr_has("KTX Python runtime is required for this command. Run: ktx runtime install --yes\n")
        .check()?;
    installs_on_the_way(stage, &ktx)?;
    stage
        .step("query-groups", ktx.ktx(BY_CUSTOMER))
        .json("/rows", json!([[2, 1, 25.0], [1, 2, 15.0]]))
        .json("/headers", json!(["customer_id", "order_count", "revenue"]))
        .stderr_empty()
        .check()?;
    let sql = stage
        .step("query-sql", ktx.ktx(COUNT).words("--format sql"))
        .stderr_empty()
        .check()?;
    stage.ensure(
        "query-sql.stdout",
        sql.stdout.trim_start().to_uppercase().starts_with("SELECT") || sql.stdout.starts_with("WITH"),
        || format!("`--format sql` printed something else than SQL: {}", sql.stdout),
    )?;
    stage
        .step(
            "query-unknown-measure",
            ktx.ktx("sl query --measure orders.no_such_measure --no-input"),
        )
        .exits(1)
        .stdout_empty()
        .stderr_has("no_such_measure")
        .check()?;
    Ok(())
}

/// The first query installs the runtime, says so on stderr alone, and the next one has it; neither starts a daemon.
pub fn installs_on_the_way(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    stage.warm_uv_cache()?;
    let ready = format!("KTX Python runtime ready: {}\n", ktx.version_directory());
    stage
        .step(
            "query-installs",
            ktx.ktx(COUNT).arg("--yes").deadline_of(INSTALL_DEADLINE),
        )
        .json("/plan/execution/mode", "compile_only")
        .json("/dialect", "sqlite")
        .json("/rows", json!([]))
        .stderr_is(format!(
            "Installing KTX Python runtime (core) with uv...\n{ready}"
        ))
        .check()?;
    stage
        .step("status-ready", ktx.ktx("runtime status --json"))
        .json("/kind", "ready")
        .json("/manifest/features", json!(["core"]))
        .stderr_empty()
        .check()?;
    stage
        .step("query-executes", ktx.ktx(COUNT).words("--execute --max-rows 100"))
        .json("/rows", json!([[3]]))
        .json("/plan/execution/mode", "executed")
        .stderr_empty()
        .check()?;
    let left = stage.sandbox.family().members();
    stage.ensure("query-executes.process", left.is_empty(), || {
        format!("a query left processes running: {left:?}")
    })
}
