//! From an empty folder to the first source, as an agent gets there: each answer says what is missing.

use fs_err as fs;

use crate::failure::Stop;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "first-project",
    proves: "an agent is led from an empty folder to its first source: no project, no connection, no source, found",
    set: Set::Standard,
    needs: &[Need::Program("npm"), Need::Program("python3")],
    run,
};

const SETUP: &str = "setup --new --no-input --yes --skip-databases --skip-sources";
const SEARCH: &str = "agent sl list --json --query order";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    refused(
        stage,
        &ktx,
        "list-without-project",
        "agent_sl_search_missing_project",
    )?;
    stage
        .step("setup", ktx.ktx(SETUP))
        .stdout_has("Project ready: yes\n")
        .check()?;
    refused(
        stage,
        &ktx,
        "list-without-connection",
        "agent_sl_search_no_connections",
    )?;
    let source = warehouse::write(stage, &ktx.project)?.join(warehouse::SOURCE);
    let text = fs::read(&source)?;
    fs::remove_file(&source)?;
    refused(
        stage,
        &ktx,
        "list-without-source",
        "agent_sl_search_no_indexed_sources",
    )?;
    fs::write(&source, text)?;
    stage
        .step("list", ktx.ktx(SEARCH))
        .json("/totalSources", 1)
        .json("/sources/0/name", "orders")
        .json("/sources/0/matchReasons/0", "lexical")
        .stderr_empty()
        .check()?;
    let index = ktx.project.join(".ktx/db.sqlite");
    stage.ensure("list.index", index.is_file(), || format!("there is no `{index}`"))
}

fn refused(stage: &Stage<'_>, ktx: &Installed<'_>, id: &'static str, code: &str) -> Result<(), Stop> {
    stage
        .step(id, ktx.ktx(SEARCH))
        .exits(1)
        .stdout_empty()
        .stderr_has(format!("\"code\": \"{code}\""))
        .check()?;
    Ok(())
}
