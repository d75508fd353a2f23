//! The tools over scans.

use ktx_app::tools::scans::{self, Artifact};
use ktx_app::tools::sizes;
use ktx_app::{Error, Scanner};
use ktx_project::scan::{Mode, ScanReport, Trigger};
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools};
use super::tool::{Effect, tool};

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
    /// As returned by scan_trigger
    run_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ListArtifacts {
    /// As returned by scan_trigger
    run_id: String,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfArtifact {
    run_id: String,
    /// A path returned by scan_list_artifacts
    path: String,
    /// The byte to begin at, for the rest of a long file [default: 0]
    #[serde(default)]
    offset: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanTriggered {
    run_id: String,
    status: &'static str,
    report: ScanReportPart,
}

/// A report whose lists may be cut.
#[derive(Serialize, JsonSchema)]
struct ScanReportPart {
    #[serde(flatten)]
    report: ScanReport,
    /// Warnings or paths are left out; scan_list_artifacts lists every path
    truncated: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ScanStatus {
    run_id: String,
    status: String,
    connection_id: String,
    sync_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Artifacts {
    run_id: String,
    artifacts: Vec<Artifact>,
    total_artifacts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ArtifactContent {
    run_id: String,
    #[serde(flatten)]
    artifact: Artifact,
    #[serde(flatten)]
    piece: sizes::Piece,
}

pub fn tools() -> Vec<ToolRoute<Server>> {
    vec![
        tool(
            "scan_trigger",
            Effect::Writes,
            "Read the tables of a database into the project, which makes or updates one source for each. Edits that people made are kept. Answers when the scan is over, with its report",
            trigger,
        ),
        tool(
            "scan_status",
            Effect::Reads,
            "Report whether a scan is running, done or failed",
            |tools, input: OfScan| {
                let run = scans::find(&tools.workspace()?.folder, &input.run_id)?;
                Ok(ScanStatus {
                    run_id: run.id,
                    status: run.status,
                    connection_id: run.connection,
                    sync_id: run.sync_id,
                })
            },
        ),
        tool(
            "scan_report",
            Effect::Reads,
            "Read the report of a scan: what changed, warnings, the files it wrote",
            |tools, input: OfScan| {
                let report = scans::report(&tools.workspace()?.folder, &input.run_id)?;
                Ok(ScanReportPart::of(report))
            },
        ),
        tool(
            "scan_list_artifacts",
            Effect::Reads,
            "List the files that a scan wrote, a page at a time",
            list_artifacts,
        ),
        tool(
            "scan_read_artifact",
            Effect::Reads,
            "Read a file that a scan wrote. A long one comes in pieces: pass `nextOffset` as offset for the next",
            |tools, input: OfArtifact| {
                let folder = tools.workspace()?.folder;
                let (artifact, content) = scans::read_artifact(&folder, &input.run_id, &input.path)?;
                Ok(ArtifactContent {
                    run_id: input.run_id,
                    artifact,
                    piece: sizes::piece(&content, input.offset),
                })
            },
        ),
    ]
}

impl ScanReportPart {
    fn of(mut report: ScanReport) -> Self {
        let paths = &mut report.artifact_paths;
        let cut = [
            sizes::fit(&mut report.warnings),
            sizes::fit(&mut paths.manifest_shards),
            sizes::fit(&mut paths.enrichment_artifacts),
        ];
        Self {
            report,
            truncated: cut.contains(&true),
        }
    }
}

fn list_artifacts(tools: &Tools, input: ListArtifacts) -> Result<Artifacts, Error> {
    let listed = scans::artifacts(&tools.workspace()?.folder, &input.run_id)?;
    let total_artifacts = listed.len();
    let page = sizes::page(listed, input.cursor.as_deref())?;
    Ok(Artifacts {
        run_id: input.run_id,
        artifacts: page.items,
        total_artifacts,
        next_cursor: page.next_cursor,
    })
}

fn trigger(tools: &Tools, input: ScanTrigger) -> Result<ScanTriggered, Error> {
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
    Ok(ScanTriggered {
        run_id: report.run_id.clone(),
        status: "done",
        report: ScanReportPart::of(report),
    })
}
