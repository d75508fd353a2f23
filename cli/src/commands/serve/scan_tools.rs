//! The tools over scans.

use ktx_app::tools::scans::{self, Artifact};
use ktx_app::{Error, Scanner};
use ktx_project::scan::{Mode, ScanReport, Trigger};
use rmcp::model::{CallToolResult, JsonObject};
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools, schema};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanTrigger {
    connection_id: String,
    /// What to find: tables, or also joins that no key declares
    #[serde(default)]
    mode: ScanMode,
    /// Same as mode `relationships`
    #[serde(default)]
    detect_relationships: bool,
    /// Report what would change and write nothing
    #[serde(default)]
    dry_run: bool,
}

#[derive(Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ScanMode {
    #[default]
    Structural,
    Relationships,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfScan {
    run_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfArtifact {
    run_id: String,
    /// A path returned by scan_list_artifacts
    path: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Triggered {
    run_id: String,
    status: &'static str,
    report: ScanReport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    run_id: String,
    status: String,
    connection_id: String,
    sync_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifacts {
    run_id: String,
    artifacts: Vec<Artifact>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactContent {
    run_id: String,
    #[serde(flatten)]
    artifact: Artifact,
    content: String,
}

#[tool_router(router = scan_tools, vis = "pub(super)")]
impl Server {
    /// Scan the tables of a connection into the project
    #[tool(input_schema = schema::<ScanTrigger>())]
    async fn scan_trigger(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, trigger).await
    }

    /// Report the progress of a scan
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfScan>())]
    async fn scan_status(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfScan| {
            let run = scans::find(&tools.workspace()?.folder, &input.run_id)?;
            Ok(Status {
                run_id: run.id,
                status: run.status,
                connection_id: run.connection,
                sync_id: run.sync_id,
            })
        })
        .await
    }

    /// Read the report of a scan
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfScan>())]
    async fn scan_report(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfScan| {
            scans::report(&tools.workspace()?.folder, &input.run_id)
        })
        .await
    }

    /// List the files that a scan wrote
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfScan>())]
    async fn scan_list_artifacts(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfScan| {
            Ok(Artifacts {
                artifacts: scans::artifacts(&tools.workspace()?.folder, &input.run_id)?,
                run_id: input.run_id,
            })
        })
        .await
    }

    /// Read one of the files that a scan wrote
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfArtifact>())]
    async fn scan_read_artifact(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfArtifact| {
            let folder = tools.workspace()?.folder;
            let (artifact, content) = scans::read_artifact(&folder, &input.run_id, &input.path)?;
            Ok(ArtifactContent {
                run_id: input.run_id,
                artifact,
                content,
            })
        })
        .await
    }
}

fn trigger(tools: &Tools, input: ScanTrigger) -> Result<Triggered, Error> {
    let workspace = tools.workspace()?;
    let scanner = Scanner {
        app: &tools.app,
        workspace: &workspace,
        python: &tools.python,
        trigger: Trigger::Mcp,
    };
    let mode = if input.detect_relationships || input.mode == ScanMode::Relationships {
        Mode::Relationships
    } else {
        Mode::Structural
    };
    let report = scanner.scan(&input.connection_id, mode, input.dry_run)?;
    Ok(Triggered {
        run_id: report.run_id.clone(),
        status: "done",
        report,
    })
}
