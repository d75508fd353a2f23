//! The `historic-sql` adapter: what `pg_stat_statements` counted, as templates by fingerprint with the tables they
//! touch. Literals never leave the warehouse's own placeholders except where a pattern lets them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ktx_runtime::ports::{self, Fingerprint, PortError, Service};
use ktx_runtime::{HttpError, Interrupt};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::IngestError;
use super::history_rows::HistoryRow;
use super::pull::{Pull, WorkUnit};
use crate::config::HistoricSql;
use crate::{Error, files};

/// Requests at once. The daemon works on eight; more wait in its queue.
const WORKERS: usize = 4;
/// Statements in a request: the request itself costs as much as one of them, and one that hangs delays few others.
const BATCH: usize = 32;
const REDACTED: &str = "[REDACTED]";

/// The counters of the last run, by query id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    pub calls: BTreeMap<String, f64>,
}

/// Which rows count, and what is taken out of them.
pub struct HistorySettings {
    min_calls: u64,
    max_templates: usize,
    service_accounts: Vec<Regex>,
    redactions: Vec<Regex>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    fingerprint: String,
    normalized_sql: String,
    tables_touched: Vec<String>,
    literal_types: Vec<String>,
    query_ids: BTreeSet<String>,
    calls: f64,
    total_exec_time_ms: f64,
    rows: f64,
}

impl HistorySettings {
    pub fn of(settings: &HistoricSql, id: &str) -> Result<Self, IngestError> {
        let compile = |patterns: &[String], key: &str| {
            let read = |pattern: &String| {
                Regex::new(pattern).map_err(|error| IngestError::Pattern {
                    key: format!("connections.{id}.historicSql.{key}"),
                    reason: error
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim()
                        .to_owned(),
                })
            };
            patterns.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            min_calls: settings.min_calls,
            max_templates: settings.max_templates_per_run,
            service_accounts: compile(
                &settings.service_account_user_patterns,
                "serviceAccountUserPatterns",
            )?,
            redactions: compile(&settings.redaction_patterns, "redactionPatterns")?,
        })
    }

    /// The rows to analyse, the longest running first.
    fn choose(&self, mut rows: Vec<HistoryRow>) -> Vec<HistoryRow> {
        #[expect(clippy::cast_precision_loss, reason = "a threshold that people write")]
        rows.retain(|row| {
            let of_service =
                |user: &String| self.service_accounts.iter().any(|pattern| pattern.is_match(user));
            row.calls >= self.min_calls as f64 && !row.usename.as_ref().is_some_and(of_service)
        });
        rows.sort_by(|a, b| {
            b.total_exec_time
                .total_cmp(&a.total_exec_time)
                .then_with(|| a.queryid.cmp(&b.queryid))
        });
        rows.truncate(self.max_templates);
        rows
    }

    fn redact(&self, text: &str) -> String {
        self.redactions.iter().fold(text.to_owned(), |text, pattern| {
            pattern.replace_all(&text, REDACTED).into_owned()
        })
    }
}

impl Baseline {
    /// An unreadable baseline is none: everything counts as new once.
    pub fn read(path: &Path) -> Self {
        let text = fs_err::read(path).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    pub fn write(&self, path: &Path) -> Result<(), Error> {
        files::write(
            path,
            serde_json::to_string_pretty(self).unwrap_or_default().as_bytes(),
        )
    }

    /// Counters that went down were reset: then all they count is new.
    fn delta(&self, row: &HistoryRow) -> f64 {
        match self.calls.get(&row.queryid) {
            Some(before) if *before <= row.calls => row.calls - before,
            _ => row.calls,
        }
    }
}

/// Analyses the rows; gives the pull and the baseline for the next run.
pub fn pull(
    rows: Vec<HistoryRow>,
    settings: &HistorySettings,
    baseline: &Baseline,
    service: &Service,
    interrupt: &Interrupt,
) -> Result<(Pull, Baseline), IngestError> {
    let rows = settings.choose(rows);
    let analysed = analyse(&rows, service, interrupt)?;
    let mut pull = Pull::default();
    let mut templates: BTreeMap<String, Template> = BTreeMap::new();
    let mut deltas: BTreeMap<String, f64> = BTreeMap::new();
    let mut next = Baseline::default();
    for (row, analysis) in rows.iter().zip(analysed) {
        let analysis = match analysis {
            Ok(analysis) if analysis.error.is_none() && !analysis.fingerprint.is_empty() => analysis,
            _ => {
                pull.warnings.push(format!("analysis_failed:{}", row.queryid));
                continue;
            }
        };
        next.calls.insert(row.queryid.clone(), row.calls);
        *deltas.entry(analysis.fingerprint.clone()).or_default() += baseline.delta(row);
        let template = templates
            .entry(analysis.fingerprint.clone())
            .or_insert_with(|| Template {
                normalized_sql: settings.redact(&analysis.normalized_sql),
                fingerprint: analysis.fingerprint,
                tables_touched: analysis.tables_touched,
                literal_types: analysis.literal_slots.into_iter().map(|slot| slot.kind).collect(),
                query_ids: BTreeSet::new(),
                calls: 0.0,
                total_exec_time_ms: 0.0,
                rows: 0.0,
            });
        template.query_ids.insert(row.queryid.clone());
        template.calls += row.calls;
        template.total_exec_time_ms += row.total_exec_time;
        template.rows += row.rows;
    }
    pull.manifest = Some(manifest(&templates, &deltas, &pull.warnings));
    for (fingerprint, template) in templates {
        let path = format!("templates/{}.json", safe(&fingerprint));
        pull.add_json(path.clone(), &template);
        pull.units
            .push(WorkUnit::new(format!("historic-sql-{fingerprint}"), vec![path]));
    }
    Ok((pull, next))
}

/// One answer per row, in order. No answer at all ends the run; nonsense drops its row.
fn analyse(
    rows: &[HistoryRow],
    service: &Service,
    interrupt: &Interrupt,
) -> Result<Vec<Result<Fingerprint, PortError>>, IngestError> {
    let next = Mutex::new(rows.chunks(BATCH).enumerate());
    let answers: Mutex<BTreeMap<usize, _>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while interrupt.raised().is_none() {
                    let Some((place, batch)) = locked(&next).next() else {
                        return;
                    };
                    let statements: Vec<&str> = batch.iter().map(|row| row.query.as_str()).collect();
                    let answer = ports::analyze_all_for_fingerprint(service, &statements, "postgres")
                        .and_then(|answers| answers.into_iter().map(unless_unreachable).collect());
                    if answer.is_err() {
                        // A service that cannot be reached once will not answer the other thousands.
                        locked(&next).by_ref().for_each(drop);
                    }
                    locked(&answers).insert(place, answer);
                }
            });
        }
    });
    interrupt
        .check()
        .map_err(|error| PortError::Runtime(ktx_runtime::Error::Interrupted(error)))?;
    let mut ordered = Vec::with_capacity(rows.len());
    for answer in std::mem::take(&mut *locked(&answers)).into_values() {
        let batch: Vec<Result<Fingerprint, PortError>> = answer?;
        ordered.extend(batch);
    }
    Ok(ordered)
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a service refuses about a statement, or answers in no form, is about that statement; no other failure is.
fn unless_unreachable(
    answer: Result<Fingerprint, PortError>,
) -> Result<Result<Fingerprint, PortError>, PortError> {
    match answer {
        Err(PortError::Runtime(ktx_runtime::Error::Http(
            HttpError::Status {
                status: 400 | 413 | 422,
                ..
            }
            | HttpError::NotAnObject { .. }
            | HttpError::Json(_),
        ))) => Ok(answer),
        Err(error @ (PortError::Runtime(_) | PortError::Failed(_) | PortError::Died { .. })) => Err(error),
        answer => Ok(answer),
    }
}

fn manifest(
    templates: &BTreeMap<String, Template>,
    deltas: &BTreeMap<String, f64>,
    warnings: &[String],
) -> Value {
    let row = |template: &Template| {
        json!({
            "fingerprint": template.fingerprint,
            "calls": template.calls,
            "callsSinceLastRun": deltas.get(&template.fingerprint),
            "tablesTouched": template.tables_touched,
        })
    };
    json!({
        "templateCount": templates.len(),
        "templates": templates.values().map(row).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

/// Fingerprints are hexadecimal; whatever else a service may send stays a file name.
fn safe(fingerprint: &str) -> String {
    fingerprint
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Baseline, HistoryRow, HistorySettings};
    use crate::config::HistoricSql;

    fn row(id: &str, calls: f64, time: f64, user: &str) -> HistoryRow {
        HistoryRow {
            queryid: id.into(),
            query: String::new(),
            calls,
            total_exec_time: time,
            rows: 0.0,
            usename: Some(user.into()),
        }
    }

    fn settings(patterns: &[&str]) -> HistoricSql {
        HistoricSql {
            enabled: true,
            dialect: "postgres".into(),
            service_account_user_patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            redaction_patterns: vec!["[a-z]+@example\\.com".into()],
            max_templates_per_run: 2,
            min_calls: 5,
        }
    }

    #[test]
    fn rows_of_services_and_rare_ones_are_left_out() {
        let chosen = HistorySettings::of(&settings(&["^etl_"]), "wh")
            .expect("patterns")
            .choose(vec![
                row("rare", 4.0, 900.0, "ann"),
                row("service", 50.0, 800.0, "etl_nightly"),
                row("third", 50.0, 1.0, "ann"),
                row("first", 5.0, 30.0, "ann"),
                row("second", 9.0, 20.0, "bo"),
            ]);
        let ids: Vec<&str> = chosen.iter().map(|row| row.queryid.as_str()).collect();
        assert_eq!(ids, ["first", "second"]);
        let error = HistorySettings::of(&settings(&["("]), "wh")
            .err()
            .expect("refused")
            .to_string();
        assert!(
            error.starts_with("failed to read `connections.wh.historicSql.serviceAccountUserPatterns`"),
            "{error}"
        );
    }

    #[test]
    fn what_matches_a_pattern_is_taken_out() {
        let settings = HistorySettings::of(&settings(&[]), "wh").expect("patterns");
        assert_eq!(
            settings.redact("where mail = 'ann@example.com'"),
            "where mail = '[REDACTED]'"
        );
    }

    #[test]
    fn counters_that_went_down_were_reset() {
        let mut baseline = Baseline::default();
        assert!((baseline.delta(&row("a", 7.0, 0.0, "")) - 7.0).abs() < f64::EPSILON);
        baseline.calls.insert("a".into(), 5.0);
        assert!((baseline.delta(&row("a", 7.0, 0.0, "")) - 2.0).abs() < f64::EPSILON);
        assert!((baseline.delta(&row("a", 3.0, 0.0, "")) - 3.0).abs() < f64::EPSILON);
    }
}
