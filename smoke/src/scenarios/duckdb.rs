//! Data files as tables: the first command that needs DuckDB installs it, then they are scanned and queried.

use fs_err as fs;
use serde_json::json;

use crate::failure::Stop;
use crate::scenario::{Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "duckdb",
    proves: "CSV files are scanned and queried through DuckDB, which the first command installs with consent alone",
    set: Set::Standard,
    needs: warehouse::NEEDS,
    run,
};

const KTX_YAML: &str = "\
project: smoke
connections:
  lake: {driver: duckdb, path: data, readonly: true}
";

const ORDERS: &str = "id,customer_id,total\n1,1,10.5\n2,1,4.5\n3,2,25\n";

const MEASURES: &str = "\
name: orders
grain: [id]
measures:
  - {name: revenue, expr: sum(total)}
";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    fs::create_dir_all(ktx.project.join("data"))?;
    fs::create_dir_all(ktx.project.join("semantic-layer/lake"))?;
    fs::write(ktx.project.join("ktx.yaml"), KTX_YAML)?;
    fs::write(ktx.project.join("data/orders.csv"), ORDERS)?;
    fs::write(ktx.project.join("semantic-layer/lake/orders.yaml"), MEASURES)?;
    stage
        .step("driver-refused", ktx.ktx("connection test lake --no-input"))
        .exits(1)
        .stdout_empty()
        .stderr_has("Run: ktx runtime install --feature duckdb --yes")
        .check()?;
    stage.warm_uv_cache()?;
    stage
        .step(
            "driver-installs",
            ktx.ktx("connection test lake --yes")
                .deadline_of(INSTALL_DEADLINE),
        )
        .stdout_has("lake: ok, 1 tables (duckdb)\n")
        .stderr_has("Installing KTX Python runtime (duckdb) with uv...\n")
        .check()?;
    stage
        .step("status", ktx.ktx("runtime status --json"))
        .json("/manifest/features", json!(["core", "duckdb"]))
        .check()?;
    stage
        .step("scan", ktx.ktx("dev scan lake --no-input"))
        .stdout_has("Status: done\n")
        .check()?;
    stage
        .step(
            "query",
            ktx.ktx("sl query --measure orders.revenue --dimension orders.customer_id --order-by orders.customer_id")
                .words("--execute --max-rows 10 --no-input"),
        )
        .json("/rows", json!([[1, 15.0], [2, 25.0]]))
        .json("/plan/execution/driver", "duckdb")
        .check()?;
    stage.step("stop", ktx.ktx("runtime stop")).check()?;
    Ok(())
}
