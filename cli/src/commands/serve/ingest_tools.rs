//! The tools over ingests.

use std::path::PathBuf;

use ktx_app::tools::ingests::{self, Replay};
use ktx_app::{Error, Ingester};
use ktx_project::ingest::IngestReport;
use ktx_project::scan::Trigger;
use rmcp::model::{CallToolResult, JsonObject};
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools, schema};

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
    /// A folder with exported files, for the adapters that read files
    source_dir: Option<PathBuf>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OfIngest {
    run_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Triggered {
    run_id: String,
    job_id: String,
    report_id: String,
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    run_id: String,
    status: String,
    adapter: String,
    connection_id: String,
    sync_id: Option<String>,
}

#[tool_router(router = ingest_tools, vis = "pub(super)")]
impl Server {
    /// Ingest a connection with one adapter
    #[tool(input_schema = schema::<IngestTrigger>())]
    async fn ingest_trigger(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, trigger).await
    }

    /// Report how an ingest ended
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfIngest>())]
    async fn ingest_status(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfIngest| {
            let run = ingests::find(&tools.workspace()?.folder, Some(&input.run_id))?;
            Ok(Status {
                run_id: run.id,
                status: run.status,
                adapter: run.adapter,
                connection_id: run.connection,
                sync_id: run.sync_id,
            })
        })
        .await
    }

    /// Read the report of an ingest
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfIngest>())]
    async fn ingest_report(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfIngest| report(tools, &input.run_id))
            .await
    }

    /// List the units of work of an ingest in order
    #[tool(annotations(read_only_hint = true), input_schema = schema::<OfIngest>())]
    async fn ingest_replay(&self, arguments: JsonObject) -> Result<CallToolResult, ErrorData> {
        self.answer(arguments, |tools, input: OfIngest| {
            Ok(Replay::of(report(tools, &input.run_id)?))
        })
        .await
    }
}

fn trigger(tools: &Tools, input: IngestTrigger) -> Result<Triggered, Error> {
    let workspace = tools.workspace()?;
    let ingester = Ingester {
        app: &tools.app,
        workspace: &workspace,
        python: &tools.python,
        trigger: Trigger::Mcp,
    };
    let report = ingester.ingest(
        &input.connection_id,
        &input.adapter,
        input.config.source_dir.as_deref(),
    )?;
    Ok(Triggered {
        run_id: report.run_id.clone(),
        job_id: report.job_id,
        report_id: report.run_id,
        status: report.status.as_str(),
    })
}

fn report(tools: &Tools, id: &str) -> Result<IngestReport, Error> {
    ingests::report(&ingests::find(&tools.workspace()?.folder, Some(id))?)
}
