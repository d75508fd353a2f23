//! The tools over scans.

use anyhow::Context as _;
use ktx_project::files;
use ktx_project::scan::{Mode, ScanReport, Trigger};
use ktx_project::state::{Run, RunKind, State};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools};
use crate::scanner::Scanner;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanTrigger {
    connection_id: String,
    /// What to find: tables, or also joins that no key declares
    #[serde(default)]
    mode: ScanMode,
    /// The same as mode `relationships`
    #[serde(default)]
    detect_relationships: bool,
    /// Report what would change and write nothing
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ScanMode {
    #[default]
    Structural,
    Relationships,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanRun {
    run_id: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanArtifact {
    run_id: String,
    /// A path that scan_list_artifacts gave
    path: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Triggered {
    run_id: String,
    status: &'static str,
    report: ScanReport,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    run_id: String,
    status: String,
    connection_id: String,
    sync_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifacts {
    run_id: String,
    artifacts: Vec<Artifact>,
}

#[derive(Debug, Serialize)]
struct Artifact {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

#[derive(Debug, Serialize)]
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
    #[tool]
    async fn scan_trigger(
        &self,
        Parameters(input): Parameters<ScanTrigger>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| trigger(tools, &input)).await
    }

    /// Say how far a scan is
    #[tool(annotations(read_only_hint = true))]
    async fn scan_status(&self, Parameters(input): Parameters<ScanRun>) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
            let run = find(tools, &input.run_id)?;
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
    #[tool(annotations(read_only_hint = true))]
    async fn scan_report(&self, Parameters(input): Parameters<ScanRun>) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| report(tools, &input.run_id)).await
    }

    /// List the files that a scan wrote
    #[tool(annotations(read_only_hint = true))]
    async fn scan_list_artifacts(
        &self,
        Parameters(input): Parameters<ScanRun>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
            Ok(Artifacts {
                artifacts: artifacts(tools, &input.run_id)?,
                run_id: input.run_id,
            })
        })
        .await
    }

    /// Read one of the files that a scan wrote
    #[tool(annotations(read_only_hint = true))]
    async fn scan_read_artifact(
        &self,
        Parameters(input): Parameters<ScanArtifact>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| read(tools, input)).await
    }
}

fn trigger(tools: &Tools, input: &ScanTrigger) -> anyhow::Result<Triggered> {
    let workspace = tools.workspace()?;
    let scanner = Scanner {
        session: &tools.session,
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

fn find(tools: &Tools, id: &str) -> anyhow::Result<Run> {
    let folder = tools.workspace()?.folder;
    let run = match folder.state_path().is_file() {
        true => State::open(&folder)?.run(RunKind::Scan, id)?,
        false => None,
    };
    run.with_context(|| format!("Scan run \"{id}\" was not found"))
}

fn report(tools: &Tools, id: &str) -> anyhow::Result<ScanReport> {
    let text = find(tools, id)?
        .report
        .with_context(|| format!("Scan report \"{id}\" was not found"))?;
    serde_json::from_str(&text).context("failed to read the stored scan report")
}

fn artifacts(tools: &Tools, id: &str) -> anyhow::Result<Vec<Artifact>> {
    let paths = report(tools, id)?.artifact_paths;
    let folder = tools.workspace()?.folder;
    let artifact = |path: String, kind| {
        let size = fs_err::metadata(folder.dir().join(&path))
            .ok()
            .map(|metadata| metadata.len());
        Artifact { path, kind, size }
    };
    let mut listed: Vec<Artifact> = paths
        .report_path
        .clone()
        .map(|path| artifact(path, "report"))
        .into_iter()
        .collect();
    if let Some(raw) = &paths.raw_sources_dir {
        for file in files::all_below(&folder.dir().join(raw))? {
            let path = folder.relative(&file);
            if Some(&path) != paths.report_path.as_ref() && !paths.enrichment_artifacts.contains(&path) {
                listed.push(artifact(path, "raw_source"));
            }
        }
    }
    listed.extend(
        paths
            .manifest_shards
            .into_iter()
            .map(|path| artifact(path, "manifest_shard")),
    );
    listed.extend(
        paths
            .enrichment_artifacts
            .into_iter()
            .map(|path| artifact(path, "enrichment_artifact")),
    );
    Ok(listed)
}

/// Only what the scan lists: a path is a name here, never a way through the file system.
fn read(tools: &Tools, input: ScanArtifact) -> anyhow::Result<ArtifactContent> {
    let listed = artifacts(tools, &input.run_id)?
        .into_iter()
        .find(|artifact| artifact.path == input.path);
    let artifact = listed.with_context(|| {
        format!(
            "Scan artifact \"{}\" was not found in run \"{}\"",
            input.path, input.run_id
        )
    })?;
    let content = fs_err::read_to_string(tools.workspace()?.folder.dir().join(&artifact.path))?;
    Ok(ArtifactContent {
        run_id: input.run_id,
        artifact,
        content,
    })
}
