//! The `historic-sql` adapter: what `pg_stat_statements` counted, as templates by fingerprint with the tables they
//! touch. Literals never leave the warehouse's own placeholders except where a pattern lets them.

mod baseline;
mod proposals;
mod rows;
mod settings;
mod template;
mod usage;

pub use baseline::Baseline;
pub use proposals::write_proposals;
pub use rows::{HistoryRow, read_export};
pub use settings::HistorySettings;
pub use template::{Template, templates_of};
pub use usage::TableUsage;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use ktx_runtime::ports::{self, Fingerprint, PortError, Service};
use ktx_runtime::{HttpError, Interrupt};
use serde_json::{Value, json};

use super::IngestError;
use super::pull::{Pull, WorkUnit};

/// Requests at once. The daemon works on eight; more wait in its queue.
const WORKERS: usize = 4;
/// Statements in a request: the request itself costs as much as one of them, and one that hangs delays few others.
const BATCH: usize = 32;

/// A history and what is known from the last run.
pub struct History<'h> {
    pub settings: &'h HistorySettings,
    pub baseline: &'h Baseline,
    /// The templates of the last run.
    pub earlier: Vec<Template>,
    pub now: Timestamp,
}

/// What came of a history.
pub struct Analysed {
    pub pull: Pull,
    pub templates: Vec<Template>,
    /// For the next run.
    pub baseline: Baseline,
}

/// Analyses the rows. Templates that statistics no longer have stay until their window has passed.
pub fn pull(
    rows: Vec<HistoryRow>,
    history: History<'_>,
    service: &Service,
    interrupt: &Interrupt,
) -> Result<Analysed, IngestError> {
    let History {
        settings,
        baseline,
        earlier,
        now,
    } = history;
    let reader = rows.iter().find_map(|row| row.reader.clone());
    let chosen = settings.choose(rows);
    let analysed = analyse(&chosen.rows, service, interrupt)?;
    let mut pull = Pull::default();
    if chosen.hidden > 0 {
        pull.warnings.push(told_hidden(chosen.hidden, reader.as_deref()));
    }
    let mut not_about_data = 0;
    let mut templates: BTreeMap<String, Template> = BTreeMap::new();
    let mut deltas: BTreeMap<String, f64> = BTreeMap::new();
    let mut next = Baseline::default();
    for (row, analysis) in chosen.rows.iter().zip(analysed) {
        let analysis = match read(analysis) {
            Ok(analysis) => analysis,
            Err(reason) => {
                let (start, reason) = (settings.excerpt(&row.query), settings.reason(&reason));
                pull.warnings
                    .push(format!("analysis_failed:{}: `{start}`: {reason}", row.queryid));
                continue;
            }
        };
        let template = Template::of(analysis, settings);
        if !template.is_about_data() {
            not_about_data += 1;
            continue;
        }
        next.calls.insert(row.queryid.clone(), row.calls);
        *deltas.entry(template.fingerprint.clone()).or_default() += baseline.delta(row);
        let known = templates.entry(template.fingerprint.clone());
        known.or_insert(template).add(row);
    }
    for template in earlier {
        if template.is_about_data() {
            let known = templates.entry(template.fingerprint.clone());
            known.or_insert_with(|| template.redacted(settings));
        }
    }
    for fingerprint in templates.keys() {
        let since = deltas.get(fingerprint).copied().unwrap_or_default();
        let used = baseline.used(fingerprint, since, now);
        next.last_used.insert(fingerprint.clone(), used);
    }
    templates.retain(|fingerprint, _| settings.is_within_window(next.last_used[fingerprint], now));
    let templates: Vec<Template> = templates.into_values().collect();
    pull.manifest = Some(manifest(
        &templates,
        &deltas,
        chosen.not_queries + not_about_data,
        &pull.warnings,
    ));
    for template in &templates {
        let path = template.path();
        pull.add_json(path.clone(), template);
        pull.units.push(WorkUnit::new(
            format!("historic-sql-{}", template.fingerprint),
            vec![path],
        ));
    }
    Ok(Analysed {
        pull,
        templates,
        baseline: next,
    })
}

fn told_hidden(count: usize, reader: Option<&str>) -> String {
    let role = reader.map_or_else(
        || "the role of the connection".to_owned(),
        |role| format!("\"{role}\""),
    );
    format!(
        "texts_hidden:{count} statements of other roles; show them with: grant pg_read_all_stats to {role}"
    )
}

fn read(analysis: Result<Fingerprint, PortError>) -> Result<Fingerprint, String> {
    let analysis = analysis.map_err(|error| error.to_string())?;
    match analysis.error {
        Some(reason) => Err(reason),
        None if analysis.fingerprint.is_empty() => Err("no fingerprint".to_owned()),
        None => Ok(analysis),
    }
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
        Err(error @ (PortError::Runtime(_) | PortError::Failed { .. } | PortError::Died { .. })) => {
            Err(error)
        }
        answer => Ok(answer),
    }
}

fn manifest(
    templates: &[Template],
    deltas: &BTreeMap<String, f64>,
    not_templates: usize,
    warnings: &[String],
) -> Value {
    let row = |template: &Template| {
        json!({
            "fingerprint": template.fingerprint,
            "calls": template.calls,
            "callsSinceLastRun": deltas.get(&template.fingerprint).copied().unwrap_or_default(),
            "tablesTouched": template.tables_touched,
        })
    };
    json!({
        "templateCount": templates.len(),
        "notTemplates": not_templates,
        "templates": templates.iter().map(row).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}
