//! The output of a smoke that has ended: the table, the failures, the report, the exit code.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use comfy_table::{Cell, CellAlignment, Table, presets};
use ktx_manifest::Platform;
use ktx_manifest::digest::Sha256Digest;
use ktx_manifest::smoke_report::{PackageSource, SmokeReport};
use ktx_smoke::ProvenBytes;
use ktx_smoke::report::{RunFacts, junit, report, write_atomically};
use ktx_smoke::{Options, Played, Scenario, ScenarioResult, Set, SmokeRun, StepFailure};
use serde::Serialize;

use super::machine;
use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Files of the user that are named when a run has touched them; where there is one there may be thousands.
const SHOWN_CHANGES: usize = 10;

/// Prints the scenarios, for people or as JSON.
pub fn list(session: &Session<'_>, scenarios: &[Scenario]) -> Result<()> {
    #[derive(Serialize)]
    struct Line {
        name: &'static str,
        proves: &'static str,
        standard: bool,
    }
    let width = scenarios
        .iter()
        .map(|scenario| scenario.name.len())
        .max()
        .unwrap_or(0);
    for scenario in scenarios {
        let when = match scenario.set {
            Set::Standard | Set::StandardOn(_) => String::new(),
            Set::OptIn(variable) => format!(" (with {variable}=1)"),
            Set::Named => " (when named)".to_owned(),
        };
        session
            .printer
            .data(&format!("{:width$}  {}{when}", scenario.name, scenario.proves));
    }
    let lines: Vec<_> = scenarios
        .iter()
        .map(|scenario| Line {
            name: scenario.name,
            proves: scenario.proves,
            standard: scenario.set.is_standard(),
        })
        .collect();
    session.printer.document(&lines)
}

/// Writes the report and the JUnit file; says where the report is.
pub fn write(
    session: &Session<'_>,
    options: &Options,
    outcome: &SmokeRun,
    source: PackageSource,
    bytes: ProvenBytes,
    folder: &Utf8Path,
) -> Result<Utf8PathBuf> {
    let platform = Platform::host().ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "failed to write the report: this platform has no package",
        )
    })?;
    let policy = session.root()?.join("release-policy.json");
    let name = match source {
        PackageSource::Artifacts {} => SmokeReport::file_name(platform),
        PackageSource::Registry { .. } => "smoke-published.json".to_owned(),
    };
    let provenance = RunFacts {
        platform,
        source,
        bytes,
        policy_sha256: Sha256Digest::of(fs_err::read(&policy)?),
        tool_versions: machine::tool_versions(session, &options.machine),
    };
    let path = folder.join(name);
    write_atomically(&path.with_extension("xml"), &junit(outcome)?)?;
    write_atomically(&path, &report(outcome, provenance).to_text())?;
    Ok(path)
}

/// Shows the outcome of the run; anything but green is an error.
pub fn judge(
    session: &Session<'_>,
    outcome: &SmokeRun,
    report: Option<&Utf8Path>,
    no_skip: bool,
) -> Result<()> {
    for played in &outcome.played {
        if let ScenarioResult::Failed(failure) = &played.verdict {
            show(session, played, failure);
        }
    }
    for change in outcome.touched.iter().take(SHOWN_CHANGES) {
        session.printer.error(
            &format!("the run changed files outside its folder: {change}"),
            None,
        );
    }
    session.printer.summary(&summary(outcome));
    for line in table(outcome).to_string().lines() {
        session.printer.data(line);
    }
    session.printer.document(&document(outcome, report))?;
    if let Some(report) = report {
        session.printer.talk(&format!("report  {report}"));
    }
    let failed = count(outcome, |verdict| matches!(verdict, ScenarioResult::Failed(_)));
    let skipped = count(outcome, |verdict| matches!(verdict, ScenarioResult::Skipped(_)));
    if failed == 0 && !outcome.touched.is_empty() {
        let message = format!(
            "{} of the user's files are not what they were",
            outcome.touched.len()
        );
        return Err(Failure::new(Exit::Failed, message)
            .hint("if it was you, and not a scenario, run the smoke again")
            .into());
    }
    if failed > 0 {
        return Err(Failure::new(
            Exit::Failed,
            format!("{failed} of {} scenarios failed", outcome.played.len()),
        )
        .hint("run one alone with its steps: cargo xtask smoke -v --scenario NAME")
        .into());
    }
    if no_skip && skipped > 0 {
        return Err(Failure::new(
            Exit::Failed,
            format!("{skipped} scenarios were skipped, and none may be"),
        )
        .hint("install what the table names, or omit --no-skip")
        .into());
    }
    Ok(())
}

fn count(outcome: &SmokeRun, wanted: fn(&ScenarioResult) -> bool) -> usize {
    outcome
        .played
        .iter()
        .filter(|played| wanted(&played.verdict))
        .count()
}

fn show(session: &Session<'_>, played: &Played, failure: &StepFailure) {
    let printer = session.printer;
    printer.error(
        &format!("{}: {} [{}]", played.scenario.name, failure.message, failure.code),
        None,
    );
    for line in failure.shown.lines() {
        printer.pass_on(&format!("    {line}"));
    }
    for log in &failure.logs {
        printer.pass_on(&format!("    --- {}", log.path));
        for line in log.tail.lines() {
            printer.pass_on(&format!("    {line}"));
        }
    }
}

fn words(verdict: &ScenarioResult) -> (&'static str, String) {
    match verdict {
        ScenarioResult::Passed => ("passed", String::new()),
        ScenarioResult::Failed(failure) => ("FAILED", failure.code.clone()),
        ScenarioResult::Skipped(reason) => ("skipped", reason.clone()),
    }
}

fn table(outcome: &SmokeRun) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["scenario", "outcome", "steps", "seconds", ""]);
    for played in &outcome.played {
        let (verdict, remark) = words(&played.verdict);
        table.add_row([
            Cell::new(played.scenario.name),
            Cell::new(verdict),
            Cell::new(played.steps.len()).set_alignment(CellAlignment::Right),
            Cell::new(format!("{:.1}", played.elapsed.as_secs_f64())).set_alignment(CellAlignment::Right),
            Cell::new(remark),
        ]);
    }
    table
}

fn summary(outcome: &SmokeRun) -> String {
    let mut text = "### Smoke\n\n| scenario | outcome | seconds | |\n| --- | --- | ---: | --- |\n".to_owned();
    for played in &outcome.played {
        let (verdict, remark) = words(&played.verdict);
        let seconds = played.elapsed.as_secs_f64();
        text.push_str(&format!(
            "| {} | {verdict} | {seconds:.1} | {remark} |\n",
            played.scenario.name
        ));
    }
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SmokeDocument<'o> {
    report: Option<&'o Utf8Path>,
    touched: &'o [String],
    scenarios: Vec<DocumentLine<'o>>,
}

#[derive(Serialize)]
struct DocumentLine<'o> {
    name: &'static str,
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'o str>,
}

fn document<'o>(outcome: &'o SmokeRun, report: Option<&'o Utf8Path>) -> SmokeDocument<'o> {
    let line = |played: &'o Played| {
        let (code, message) = match &played.verdict {
            ScenarioResult::Passed => (None, None),
            ScenarioResult::Failed(failure) => (Some(failure.code.as_str()), Some(failure.message.as_str())),
            ScenarioResult::Skipped(reason) => (None, Some(reason.as_str())),
        };
        DocumentLine {
            name: played.scenario.name,
            outcome: words(&played.verdict).0,
            seconds: played.elapsed.as_secs_f64(),
            code,
            message,
        }
    };
    SmokeDocument {
        report,
        touched: &outcome.touched,
        scenarios: outcome.played.iter().map(line).collect(),
    }
}
