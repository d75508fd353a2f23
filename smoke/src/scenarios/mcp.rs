//! `ktx serve`, driven by a third-party client over stdio and HTTP.

use fs_err as fs;

use crate::failure::Stop;
use crate::options::McpClients;
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{INSTALL_DEADLINE, Installed, Stage};
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "mcp",
    proves: "the official SDKs of the Model Context Protocol for Python and TypeScript and its inspector list and call the tools \
             and read resources over stdio and HTTP, with progress, also of the installation, errors and cancelled calls; a \
             query's warnings reach them, the terminal and JSON",
    set: Set::Standard,
    needs: &[
        Need::Program("npm"),
        Need::Program("node"),
        Need::Program("uv"),
        Need::Program("python3"),
        Need::McpClients,
    ],
    run,
};

/// Each starts the given server, queries it, and prints the answers as one JSON document.
const PYTHON_CLIENT: &str = include_str!("mcp_client.py");
const NODE_CLIENTS: &str = include_str!("mcp_client.mjs");

/// Every tool, one a line, sorted. The test of `ktx serve` compares it with what the server lists.
const TOOLS: &str = include_str!("mcp_tools.txt");

/// A source that cannot be read: it is left out of every query, with a warning.
const TORN: &str = "semantic-layer/warehouse/torn.yaml";
const SERVER: &str = "serve --mcp stdio --semantic-compute --execute-queries --yes";
const LEFT_OUT: &str = "source-left-out";

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let ktx = stage.installed()?;
    warehouse::write(stage, &ktx.project)?;
    fs::write(ktx.project.join(TORN), "name: torn\ntable: [\n")?;
    protocol_only(stage, &ktx)?;
    let Some(clients) = &stage.options.mcp else {
        return Err(Stop::failed(
            "clients",
            "the MCP clients are not installed".to_owned(),
        ));
    };
    on_node(stage, &ktx, clients)?;
    warns(stage, &ktx)?;
    let client = Invocation::new(clients.python.as_str())
        .args(["-I", "-c", PYTHON_CLIENT])
        .args(ktx.ktx(SERVER).argv())
        .within(&ktx.project);
    stage
        .step("client", client)
        .json("/server", "ktx")
        .json("/tools", tools())
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

/// The first query installs the runtime.
fn on_node(stage: &Stage<'_>, ktx: &Installed<'_>, clients: &McpClients) -> Result<(), Stop> {
    stage.warm_uv_cache()?;
    let script = ktx.project.join("mcp_client.mjs");
    fs::write(&script, NODE_CLIENTS)?;
    let client = Invocation::new("node")
        .args([script.as_str(), clients.node.as_str()])
        .args(ktx.ktx(SERVER).argv())
        .within(&ktx.project)
        .deadline_of(2 * INSTALL_DEADLINE);
    let mut heard = stage
        .step("node-clients", client)
        .json(
            "/stdio/querySteps/0",
            "Installing KTX Python runtime (core) with uv...",
        )
        .json("/stdio/querySteps/3", "installing Python dependencies")
        .json("/http/querySteps", serde_json::json!([]));
    for transport in ["stdio", "http"] {
        let (sdk, inspector) = (format!("/{transport}"), format!("/inspector/{transport}"));
        for client in [&sdk, &inspector] {
            heard = heard
                .json(format!("{client}/tools"), tools())
                .json(format!("{client}/query/rows"), serde_json::json!([[3]]))
                .json(format!("{client}/query/warnings/0/code"), LEFT_OUT);
        }
        heard = heard
            .json(format!("{sdk}/server"), "ktx")
            .json(format!("{sdk}/untyped"), serde_json::json!([]))
            .json(format!("{sdk}/scanSteps/0"), "reading the tables of `warehouse`")
            .json(format!("{sdk}/resources/0"), "ktx://overview")
            .json(format!("{sdk}/source"), "name: orders")
            .json(format!("{sdk}/unknownSourceIsError"), true)
            .json(format!("{sdk}/unknownTool"), -32602)
            .json(format!("{sdk}/cancelled"), true)
            .json(format!("{sdk}/afterwards"), serde_json::json!({}))
            .json(
                format!("{inspector}/source/contents/0/mimeType"),
                "application/yaml",
            );
    }
    heard.check()?;
    Ok(())
}

fn tools() -> serde_json::Value {
    TOOLS.lines().collect::<Vec<_>>().into()
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
