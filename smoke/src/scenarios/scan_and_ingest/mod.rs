//! `ktx dev scan` and `ktx dev ingest` on local data, through the managed daemon where Python is needed.

mod adapters;

use fs_err as fs;
use serde_json::{Value, json};

use crate::failure::Stop;
use crate::scenario::{Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "scan-and-ingest",
    proves: "a structural scan writes shards and a report; every ingest adapter takes in local data",
    set: Set::Standard,
    needs: warehouse::NEEDS,
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    scan(stage, &ktx)?;
    ingest_fake(stage, &ktx)?;
    ktx.install_runtime()?;
    adapters::looker_and_history(stage, &ktx)
}

fn scan(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let said = stage
        .step("scan", ktx.ktx("dev scan warehouse --no-input"))
        .stdout_has("KTX scan completed\nStatus: done\n")
        .stdout_has("  New tables: 2\n")
        .stderr_empty()
        .check()?;
    let run = said.value_of("Run: ");
    stage
        .step("scan-status", ktx.ktx("dev scan status").arg(run))
        .stdout_has("Status: done")
        .check()?;
    stage
        .step("scan-report", ktx.ktx("dev scan report --json").arg(run))
        .json(
            "/artifactPaths/manifestShards",
            json!(["semantic-layer/warehouse/_schema/public.yaml"]),
        )
        .json("/diffSummary/tablesAdded", 2)
        .check()?;
    let shard = fs::read_to_string(ktx.project.join("semantic-layer/warehouse/_schema/public.yaml"))?;
    let formal = shard.contains("source: formal") && shard.contains("customers");
    stage.ensure("scan.shard", formal, || {
        format!("the shard has no foreign key:\n{shard}")
    })?;
    stage
        .step("scan-again", ktx.ktx("dev scan warehouse --no-input"))
        .stdout_has("  New tables: 0\n")
        .stdout_has("  Unchanged tables: 2\n")
        .check()?;
    Ok(())
}

fn ingest_fake(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let source = ktx.project.join("fake-source");
    for unit in ["one", "two"] {
        fs::create_dir_all(source.join(unit))?;
        fs::write(source.join(unit).join("notes.md"), "# Notes\n")?;
    }
    stage
        .step(
            "ingest-fake",
            ktx.ktx(
                "dev ingest run --connection-id warehouse --adapter fake --plain --no-input --source-dir",
            )
            .arg(source.as_str()),
        )
        .stdout_has("Status: done")
        .stdout_has("Adapter: fake")
        .stdout_has("Work units: 2")
        .check()?;
    stage
        .step(
            "ingest-live-database",
            ktx.ktx("dev ingest run --connection-id warehouse --adapter live-database --json --no-input"),
        )
        .json("/status", Value::from("done"))
        .check()?;
    Ok(())
}
