//! The report of an ingest for people.

use std::path::Path;

use clap::Args;
use ktx_project::Folder;
use ktx_project::config::AdapterName;
use ktx_project::ingest::{DraftReport, DraftStatus, IngestReport, UnitReport, UnitStatus};
use ktx_project::yaml::{self, Node};

use crate::session::Session;
use crate::table;

/// Warnings beyond these are in the JSON report.
const SHOWN_WARNINGS: usize = 50;

#[derive(Debug, Clone, Args)]
pub struct FormArguments {
    /// Print the report as lines of text
    #[arg(long, conflicts_with_all = ["json", "viz"])]
    plain: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Also show the units of work in a table; on a terminal only
    #[arg(long, conflicts_with = "json")]
    viz: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    Plain,
    Visual,
    Json,
}

impl FormArguments {
    /// Reports when the requested form needs a terminal.
    pub fn of(&self, session: &Session) -> ReportForm {
        if self.json {
            return ReportForm::Json;
        }
        if self.viz && session.printer.stdout_is_terminal() {
            return ReportForm::Visual;
        }
        if self.viz {
            session.printer.diagnostic(
                "Visualization requested but stdout is not an interactive terminal; printing plain output.",
            );
        }
        ReportForm::Plain
    }
}

/// A unit as fields: status, key, how many files it has.
pub fn unit(unit: &UnitReport) -> Vec<String> {
    let files = unit.raw_files.len();
    vec![
        unit.status.as_str().to_owned(),
        unit.key.clone(),
        format!("{files} file{}", if files == 1 { "" } else { "s" }),
    ]
}

/// The report in the requested form.
pub fn print(session: &Session, report: &IngestReport, form: ReportForm) {
    if form == ReportForm::Json {
        session.printer.json(report);
        return;
    }
    for (label, value) in [
        ("Report", report.report_path.as_str()),
        ("Run", &report.run_id),
        ("Job", &report.job_id),
        ("Status", report.status.as_str()),
        ("Adapter", &report.adapter),
        ("Connection", &report.connection_id),
        ("Sync", &report.sync_id),
        ("Diff", &report.diff.to_string()),
        ("Work units", &report.work_units.len().to_string()),
        ("Provenance rows", &report.provenance_rows.to_string()),
    ] {
        session.printer.line(&format!("{label}: {value}"));
    }
    if !report.drafts.is_empty() {
        session.printer.line(&drafts(&report.drafts));
    }
    if form == ReportForm::Visual {
        let headers = ["Status", "Unit", "Files"].map(str::to_owned);
        let rows: Vec<Vec<String>> = report.work_units.iter().map(unit).collect();
        session.printer.line(&table::render(&headers, &rows));
    }
    for unit in report
        .work_units
        .iter()
        .filter(|unit| unit.status == UnitStatus::Error)
    {
        session.printer.diagnostic(&format!(
            "failed: {}: {}",
            unit.key,
            unit.error.as_deref().unwrap_or("unknown")
        ));
    }
    let warnings: Vec<String> = report
        .drafts
        .iter()
        .flat_map(left_out)
        .chain(report.warnings.iter().cloned())
        .collect();
    for warning in warnings.iter().take(SHOWN_WARNINGS) {
        session.printer.diagnostic(&format!("warning: {warning}"));
    }
    if warnings.len() > SHOWN_WARNINGS {
        let more = warnings.len() - SHOWN_WARNINGS;
        session
            .printer
            .diagnostic(&format!("warning: {more} more in the report"));
    }
}

/// What to do with what a run wrote; nothing when it wrote nothing to look at.
pub fn next_steps(report: &IngestReport, folder: &Folder) -> Vec<String> {
    let dir = ktx_system::shell::quoted(&folder.dir().display().to_string());
    let mut lines = Vec::new();
    let written = || report.drafts.iter().filter_map(|draft| draft.path.as_deref());
    if let Some(connection) = written().find_map(|path| path.split('/').nth(1)) {
        let options = format!("--project-dir {dir} --connection-id {connection}");
        lines.push(format!("  ktx sl list {options}"));
        let asked = written().find_map(|path| first_measure(&folder.dir().join(path)));
        lines.extend(asked.map(|measure| format!("  ktx sl query {options} --measure {measure}")));
    }
    let proposals = format!("semantic-layer/{}/proposals.yaml", report.connection_id);
    if report.adapter == AdapterName::HistoricSql.as_str() && folder.dir().join(&proposals).is_file() {
        lines.push(format!("  read {proposals}"));
    }
    if !lines.is_empty() {
        lines.splice(0..0, [String::new(), "Next:".to_owned()]);
    }
    lines
}

/// A measure that a file defines, as a query names it.
fn first_measure(file: &Path) -> Option<String> {
    let draft = yaml::parse(&fs_err::read_to_string(file).ok()?).ok()?;
    let name = |node: &Node| Some(node.get("name")?.as_text()?.to_owned());
    let yaml::Value::List(measures) = &draft.get("measures")?.value else {
        return None;
    };
    Some(format!("{}.{}", name(&draft)?, name(measures.first()?)?))
}

fn drafts(drafts: &[DraftReport]) -> String {
    let count = |status| drafts.iter().filter(|draft| draft.status == status).count();
    format!(
        "Drafts: {} converted, {} in part, {} not at all",
        count(DraftStatus::Converted),
        count(DraftStatus::Partial),
        count(DraftStatus::NotConverted)
    )
}

/// Everything that could not be converted into a draft, each with its place.
fn left_out(draft: &DraftReport) -> Vec<String> {
    let whole = draft.reason.iter().map(|reason| {
        format!(
            "{}:{}: `{}` was not converted: {reason}",
            draft.file, draft.line, draft.name
        )
    });
    let items = draft.left_out.iter().map(|item| {
        let (kind, name, reason) = (&item.item_type, &item.name, &item.reason);
        format!(
            "{}:{}: the {kind} `{}.{name}` was left out: {reason}",
            item.file, item.line, draft.name
        )
    });
    whole.chain(items).collect()
}
