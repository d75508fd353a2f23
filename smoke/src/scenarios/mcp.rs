//! `ktx serve`, driven by a third-party client over stdio and HTTP.

use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "mcp",
    proves: "the official Python SDK of the Model Context Protocol lists and calls the tools over stdio and HTTP, and a query's \
             warnings reach it, the terminal and JSON",
    set: Set::Standard,
    needs: &[
        Need::Program("npm"),
        Need::Program("uv"),
        Need::Program("python3"),
        Need::McpClient,
    ],
    run,
};

/// Starts the given server, queries it, and prints the answers as one JSON document.
const CLIENT: &str = include_str!("mcp_client.py");

/// Every tool, one a line, sorted. The test of `ktx serve` compares it with what the server lists.
const TOOLS: &str = include_str!("mcp_tools.txt");

/// A source that cannot be read: it is left out of every query, with a warning.
const TORN: &str = "semantic-layer/warehouse/torn.yaml";
const LEFT_OUT: &str = "source-left-out";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    fs::write(ktx.project.join(TORN), "name: torn\ntable: [\n")?;
    ktx.install_runtime()?;
    protocol_only(stage, &ktx)?;
    warns(stage, &ktx)?;
    let python = stage
        .options
        .mcp_python
        .as_deref()
        .map(camino::Utf8Path::as_str)
        .unwrap_or_default();
    let server = ktx.ktx("serve --mcp stdio --semantic-compute --execute-queries --no-input");
    let client = Invocation::new(python)
        .args(["-I", "-c", CLIENT])
        .args(server.argv())
        .within(&ktx.project);
    stage
        .step("client", client)
        .json("/server", "ktx")
        .json("/tools", serde_json::json!(TOOLS.lines().collect::<Vec<_>>()))
        .json("/connections/0/id", "warehouse")
        .json("/query/rows", serde_json::json!([[3]]))
        .json("/query/dialect", "sqlite")
        .json("/query/warnings/0/code", LEFT_OUT)
        .json("/unknownSourceIsError", true)
        .json("/http/rows", serde_json::json!([[3]]))
        .json("/http/connections/0/id", "warehouse")
        .check()?;
    stage.step("daemon-stops", ktx.ktx("runtime stop")).check()?;
    Ok(())
}

/// A person reads a query's warnings on stderr, a program in its JSON.
fn warns(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    const COUNT: &str = "sl query --measure orders.order_count --execute --max-rows 5 --no-input";
    stage
        .step("warning-on-terminal", ktx.ktx(COUNT).words("--format pretty"))
        .stderr_has("warning: ")
        .stderr_has("torn.yaml")
        .check()?;
    stage
        .step("warning-in-json", ktx.ktx(COUNT))
        .json("/rows", serde_json::json!([[3]]))
        .json("/warnings/0/code", LEFT_OUT)
        .check()?;
    Ok(())
}

const GREETING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"smoke","version":"1"}}}
"#;

/// The SDK tolerates other output on stdout; other clients do not.
fn protocol_only(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    let said = stage
        .step(
            "greeting",
            ktx.ktx("serve --mcp stdio --no-input").reading(GREETING),
        )
        .stdout_has("\"jsonrpc\":\"2.0\"")
        .stderr_has("ktx MCP server running on stdio")
        .check()?;
    let foreign = said
        .stdout
        .lines()
        .find(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
    stage.ensure("greeting.protocol", foreign.is_none(), || {
        format!("stdout holds something else than the protocol: {foreign:?}")
    })
}
