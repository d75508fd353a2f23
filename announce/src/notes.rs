//! The notes of a release in Markdown: what people wrote into the changelog, and below it what the toolchain knows.

use std::fmt::Write as _;

use ktx_inspect::{Comparison, LockChanges, bytes, growth};
use ktx_manifest::smoke_report::{ScenarioOutcome, SmokeReport};

use crate::facts::Release;

impl Release {
    /// The notes: the version's section of the changelog, then the facts.
    pub fn notes(&self, section: &str) -> String {
        let facts = self.facts();
        if facts.is_empty() {
            format!("{section}\n")
        } else {
            format!("{section}\n\n{facts}")
        }
    }

    /// What the toolchain knows, in sections of the third level; empty without artifacts.
    pub(crate) fn facts(&self) -> String {
        let mut text = String::new();
        if let Some(tarball) = &self.tarball {
            text.push_str("### Files\n\n| file | size | sha256 |\n| --- | ---: | --- |\n");
            for file in &self.files {
                let name = file.path.file_name();
                line(
                    &mut text,
                    format_args!("| `{name}` | {} | `{}` |", bytes(file.bytes), file.sha256),
                );
            }
            line(&mut text, format_args!("\nIntegrity: `{}`", tarball.integrity()));
            if let Some(revision) = &self.readiness.source_revision {
                line(&mut text, format_args!("Built from: `{revision}`"));
            }
        }
        text.push_str(&self.comparison.as_ref().map(comparison).unwrap_or_default());
        if !self.smoke.is_empty() {
            text.push_str("\n### Proven\n\n");
            for (platform, report) in &self.smoke {
                line(&mut text, format_args!("- {platform}: {}", proof(report)));
            }
        }
        text
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn comparison(comparison: &Comparison) -> String {
    let (Some(against), Some(changes)) = (&comparison.against, &comparison.changes) else {
        return String::new();
    };
    let candidate = &comparison.candidate;
    let mut text = format!(
        "\n### Sizes compared with {}\n\n| | before | after | |\n| --- | ---: | ---: | ---: |\n",
        against.version
    );
    let mut row = |name: &str, before: u64, after: u64| {
        let (from, to, change) = (bytes(before), bytes(after), growth(before, after));
        line(&mut text, format_args!("| {name} | {from} | {to} | {change} |"));
    };
    row("tarball", against.bytes, candidate.bytes);
    row("unpacked", against.unpacked_bytes, candidate.unpacked_bytes);
    for program in &changes.programs {
        row(
            program.platform.as_str(),
            program.before.unwrap_or(0),
            program.after.unwrap_or(0),
        );
    }
    text.push_str("\n### Dependencies\n\n");
    if changes.locks.is_empty() {
        line(&mut text, format_args!("The same as in {}.", against.version));
    }
    for (lock, changes) in &changes.locks {
        for change in pins(changes) {
            line(&mut text, format_args!("- `{lock}`: {change}"));
        }
    }
    text
}

/// Changes of a lock in a few words each.
pub(crate) fn pins(changes: &LockChanges) -> Vec<String> {
    let added = changes
        .added
        .iter()
        .map(|(name, version)| format!("{name} {version} is new, {}", changes.uploaded(name)));
    let removed = changes
        .removed
        .iter()
        .map(|(name, version)| format!("{name} {version} is gone"));
    let changed = changes
        .changed
        .iter()
        .map(|(name, pin)| match pin.before == pin.after {
            true => format!(
                "{name} {} has other hashes, {}",
                pin.after,
                changes.uploaded(name)
            ),
            false => format!(
                "{name} {} is now {}, {}",
                pin.before,
                pin.after,
                changes.uploaded(name)
            ),
        });
    added.chain(removed).chain(changed).collect()
}

/// How many scenarios passed, failed and were skipped, and how long they took.
pub(crate) fn proof(report: &SmokeReport) -> String {
    let count = |is: fn(&ScenarioOutcome) -> bool| {
        report
            .scenarios
            .iter()
            .filter(|scenario| is(&scenario.outcome))
            .count()
    };
    let passed = count(|outcome| matches!(outcome, ScenarioOutcome::Passed {}));
    let failed = count(|outcome| matches!(outcome, ScenarioOutcome::Failed { .. }));
    let skipped = count(|outcome| matches!(outcome, ScenarioOutcome::Skipped { .. }));
    let seconds: f64 = report.scenarios.iter().map(|scenario| scenario.seconds).sum();
    let mut text = format!("{passed} scenarios passed");
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    if skipped > 0 {
        text.push_str(&format!(", {skipped} skipped"));
    }
    format!("{text} in {seconds:.0} s")
}
