//! The report of an ingest for people.

use ktx_project::ingest::{IngestReport, UnitStatus};

use crate::session::Session;

/// Warnings beyond these are in the JSON report.
const SHOWN_WARNINGS: usize = 5;

/// The report in the form that was asked for.
pub fn print(session: &Session, report: &IngestReport, json: bool) {
    if json {
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
    for unit in report
        .work_units
        .iter()
        .filter(|unit| unit.status == UnitStatus::Error)
    {
        session.printer.talk(&format!(
            "failed: {}: {}",
            unit.key,
            unit.error.as_deref().unwrap_or("unknown")
        ));
    }
    for warning in report.warnings.iter().take(SHOWN_WARNINGS) {
        session.printer.talk(&format!("warning: {warning}"));
    }
    if report.warnings.len() > SHOWN_WARNINGS {
        let more = report.warnings.len() - SHOWN_WARNINGS;
        session
            .printer
            .talk(&format!("warning: {more} more in the report"));
    }
}
