//! The tools over ingests.

use std::path::PathBuf;

use ktx_app::tools::ingests;
use ktx_app::tools::sizes;
use ktx_app::{Error, Ingester};
use ktx_project::ingest::{IngestReport, UnitReport};
use ktx_project::scan::Trigger;
use rmcp::handler::server::router::tool::ToolRoute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools};
use super::tool::{Effect, tool};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestTrigger {
    /// live-database, looker, metricflow, historic-sql or fake
    adapter: String,
    connection_id: String,
    #[serde(default)]
    config: IngestConfig,
    /// Why it is run; every ingest of this server is run on request
    #[serde(default, rename = "trigger")]
    _trigger: IngestReason,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IngestReason {
    #[default]
    ManualResync,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestConfig {
    /// The folder with exported files, for looker, metricflow, fake and, optionally, historic-sql. In the project, or
    /// in a folder that `ingest.folders` of ktx.yaml names
    source_dir: Option<PathBuf>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfIngest {
    /// As returned by ingest_trigger
    run_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReplayIngest {
    /// As returned by ingest_trigger
    run_id: String,
    /// The `nextCursor` of the page before
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestTriggered {
    run_id: String,
    job_id: String,
    report_id: String,
    status: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestStatus {
    run_id: String,
    status: String,
    adapter: String,
    connection_id: String,
    sync_id: Option<String>,
}

/// A report whose lists may be cut.
#[derive(Serialize, JsonSchema)]
struct IngestReportPart {
    #[serde(flatten)]
    report: IngestReport,
    /// Units, warnings or drafts are left out; ingest_replay lists every unit
    truncated: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReplayPage {
    run_id: String,
    status: &'static str,
    events: Vec<UnitReport>,
    total_events: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

pub fn tools() -> Vec<ToolRoute<Server>> {
    vec![
        tool(
            "ingest_trigger",
            Effect::Writes,
            "Read what already describes a database into the project: its tables (live-database), LookML (looker), a dbt project (metricflow) or query history (historic-sql). Edits that people made are kept. Answers when it is over; ingest_report has what came of it",
            trigger,
        ),
        tool(
            "ingest_status",
            Effect::Reads,
            "Report whether an ingest is running, done or failed",
            |tools, input: OfIngest| {
                let run = ingests::find(&tools.workspace()?.folder, Some(&input.run_id))?;
                Ok(IngestStatus {
                    run_id: run.id,
                    status: run.status,
                    adapter: run.adapter,
                    connection_id: run.connection,
                    sync_id: run.sync_id,
                })
            },
        ),
        tool(
            "ingest_report",
            Effect::Reads,
            "Read the report of an ingest: what changed, what became of each view or model, warnings with file and line",
            |tools, input: OfIngest| Ok(IngestReportPart::of(report(tools, &input.run_id)?)),
        ),
        tool(
            "ingest_replay",
            Effect::Reads,
            "List the units of work of an ingest in their order, a page at a time",
            |tools, input: ReplayIngest| {
                let report = report(tools, &input.run_id)?;
                let total_events = report.work_units.len();
                let page = sizes::page(report.work_units, input.cursor.as_deref())?;
                Ok(ReplayPage {
                    run_id: report.run_id,
                    status: report.status.as_str(),
                    events: page.items,
                    total_events,
                    next_cursor: page.next_cursor,
                })
            },
        ),
    ]
}

impl IngestReportPart {
    fn of(mut report: IngestReport) -> Self {
        let cut = [
            sizes::fit(&mut report.work_units),
            sizes::fit(&mut report.warnings),
            sizes::fit(&mut report.drafts),
        ];
        Self {
            report,
            truncated: cut.contains(&true),
        }
    }
}

fn trigger(tools: &Tools, input: IngestTrigger) -> Result<IngestTriggered, Error> {
    let workspace = tools.workspace()?;
    let ingester = Ingester {
        app: &tools.app,
        workspace: &workspace,
        python: &tools.python,
        trigger: Trigger::Mcp,
    };
    let source = input.config.source_dir.as_deref();
    let source = source.map(|source| workspace.readable(source)).transpose()?;
    let report = ingester.ingest(&input.connection_id, &input.adapter, source.as_deref())?;
    Ok(IngestTriggered {
        run_id: report.run_id.clone(),
        job_id: report.job_id,
        report_id: report.run_id,
        status: report.status.as_str(),
    })
}

fn report(tools: &Tools, id: &str) -> Result<IngestReport, Error> {
    ingests::report(&ingests::find(&tools.workspace()?.folder, Some(id))?)
}
