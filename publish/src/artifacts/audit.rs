//! `dist/reports/audit.json`, as readiness is judged by it.

use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ktx_audit::{AuditFinding, AuditReport, DatabaseReport, REPORT_FILE};
use ktx_policy::audit::{AuditFacts, Audited, DatabaseFacts, FoundFault};

/// What the audit says about artifacts that were built from `revision`.
pub(super) fn judge(reports: &Path, revision: Option<&str>) -> Audited {
    let text = match fs::read(reports.join(REPORT_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Audited::Not,
        Err(error) => return Audited::Unreadable(error.to_string()),
    };
    let report: AuditReport = match serde_json::from_slice(&text) {
        Ok(report) => report,
        Err(error) => return Audited::Unreadable(format!("{REPORT_FILE}: {error}")),
    };
    // Artifacts of a changed work tree are refused by another gate.
    if revision.is_none() || report.source_revision.as_deref() != revision {
        return Audited::OtherCommit;
    }
    Audited::Found(audit_facts(&report, Timestamp::now()))
}

/// What a report says, on the day of `now`.
pub fn audit_facts(report: &AuditReport, now: Timestamp) -> AuditFacts {
    AuditFacts {
        today: day(now),
        findings: report.findings.iter().map(fault).collect(),
        databases: report.databases.iter().map(database).collect(),
    }
}

fn fault(finding: &AuditFinding) -> FoundFault {
    FoundFault {
        id: finding.id.clone(),
        aliases: finding.aliases.clone(),
        package: finding.package.clone(),
        line: format!(
            "{} {} in {}: {}",
            finding.package,
            finding.version,
            finding.locks.join(" and "),
            finding.message
        ),
    }
}

fn database(report: &DatabaseReport) -> DatabaseFacts {
    DatabaseFacts {
        ecosystem: report.ecosystem.to_string(),
        is_needed: report.locked > 0,
        newest: report.newest.filter(|_| report.advisories > 0).map(day),
    }
}

/// The day in UTC, so that it is the same on every machine.
fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}
