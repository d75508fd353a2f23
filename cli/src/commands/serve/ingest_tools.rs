//! The tools over ingests.

use std::path::PathBuf;

use ktx_project::ingest::IngestReport;
use ktx_project::scan::Trigger;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{ErrorData, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server::{Server, Tools};
use crate::ingester::Ingester;
use crate::tools::ingests::{self, Replay};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestTrigger {
    /// live-database, looker, historic-sql or fake
    adapter: String,
    connection_id: String,
    #[serde(default)]
    config: IngestConfig,
    /// Why it is made; every ingest of this server is made on request
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

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IngestRun {
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
    #[tool]
    async fn ingest_trigger(
        &self,
        Parameters(input): Parameters<IngestTrigger>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| trigger(tools, &input)).await
    }

    /// Say how an ingest ended
    #[tool(annotations(read_only_hint = true))]
    async fn ingest_status(
        &self,
        Parameters(input): Parameters<IngestRun>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| {
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
    #[tool(annotations(read_only_hint = true))]
    async fn ingest_report(
        &self,
        Parameters(input): Parameters<IngestRun>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| report(tools, &input.run_id)).await
    }

    /// Go through the units of work of an ingest, in their order
    #[tool(annotations(read_only_hint = true))]
    async fn ingest_replay(
        &self,
        Parameters(input): Parameters<IngestRun>,
    ) -> Result<CallToolResult, ErrorData> {
        self.answer(move |tools| Ok(Replay::of(report(tools, &input.run_id)?)))
            .await
    }
}

fn trigger(tools: &Tools, input: &IngestTrigger) -> anyhow::Result<Triggered> {
    let workspace = tools.workspace()?;
    let ingester = Ingester {
        session: &tools.session,
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

fn report(tools: &Tools, id: &str) -> anyhow::Result<IngestReport> {
    ingests::report(&ingests::find(&tools.workspace()?.folder, Some(id))?)
}
