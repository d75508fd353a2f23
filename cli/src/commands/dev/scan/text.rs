//! The report of a scan for people.

use ktx_project::scan::{ScanReport, Warning};

/// Warnings beyond these are in the JSON report.
const SHOWN_WARNINGS: usize = 5;

/// Everything between the heading and the next steps.
pub fn body(heading: &str, report: &ScanReport) -> Vec<String> {
    let mut lines = vec![
        heading.to_owned(),
        "Status: done".to_owned(),
        format!("Run: {}", report.run_id),
        format!("Connection: {}", report.connection_id),
        format!("Mode: {}", report.mode.as_str()),
        format!("Sync: {}", report.sync_id),
        format!("Dry run: {}", if report.dry_run { "yes" } else { "no" }),
        String::new(),
        "What changed".to_owned(),
    ];
    let diff = &report.diff_summary;
    lines.extend([
        format!(
            "  Semantic layer comparison found {} across {}",
            counted(diff.changes(), "change"),
            counted(diff.tables(), "table")
        ),
        format!("  New tables: {}", diff.tables_added),
        format!("  Changed tables: {}", diff.tables_modified),
        format!("  Removed tables: {}", diff.tables_deleted),
        format!("  Unchanged tables: {}", diff.tables_unchanged),
        String::new(),
    ]);
    if report.relationships.any() {
        let counts = &report.relationships;
        lines.extend([
            "Relationships".to_owned(),
            format!("  Accepted: {}", counts.accepted),
            format!("  Review: {}", counts.review),
            format!("  Rejected: {}", counts.rejected),
            format!("  Skipped: {}", counts.skipped),
            String::new(),
        ]);
    }
    if let Some(sampling) = &report.sampling {
        let stats = &report.structural_sync_stats;
        let per_table = stats.raw_bytes / stats.tables.max(1);
        lines.extend([
            "Cost".to_owned(),
            format!("  Catalog: {} bytes, {per_table} per table", stats.raw_bytes),
            format!(
                "  Samples: {} in {}",
                counted(sampling.questions, "column"),
                counted(sampling.statements, "statement")
            ),
        ]);
        if sampling.resumed > 0 {
            lines.push(format!(
                "  Known from a scan that was cut off: {}",
                sampling.resumed
            ));
        }
        lines.push(String::new());
    }
    lines.push("Needs attention".to_owned());
    lines.extend(attention(&report.warnings));
    lines.extend([String::new(), "Artifacts".to_owned()]);
    lines.extend(artifacts(report));
    lines
}

fn attention(warnings: &[Warning]) -> Vec<String> {
    if warnings.is_empty() {
        return vec!["  None".to_owned()];
    }
    let mut lines = vec![format!("  {}", counted(warnings.len(), "warning"))];
    for warning in warnings.iter().take(SHOWN_WARNINGS) {
        let place = match (&warning.table, &warning.column) {
            (Some(table), Some(column)) => format!("{table}.{column}: "),
            (Some(table), None) => format!("{table}: "),
            _ => String::new(),
        };
        lines.push(format!("    - {}: {place}{}", warning.code, warning.message));
    }
    lines
}

fn artifacts(report: &ScanReport) -> Vec<String> {
    let paths = &report.artifact_paths;
    let or_none = |path: &Option<String>| path.clone().unwrap_or_else(|| "none".to_owned());
    let mut lines = vec![
        format!("  Report: {}", or_none(&paths.report_path)),
        format!("  Raw sources: {}", or_none(&paths.raw_sources_dir)),
        format!("  Schema shards: {}", paths.manifest_shards.len()),
    ];
    if !paths.enrichment_artifacts.is_empty() {
        lines.push(format!(
            "  Enrichment artifacts: {}",
            paths.enrichment_artifacts.len()
        ));
    }
    lines
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
