//! What is asked of the values: many questions in each statement, so that a schema takes few of them, and answers that
//! outlive a scan that was cut off.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use super::RelationshipProbe;
use crate::scan::report::Sampling;
use crate::snapshot::{SnapshotColumn, Table};

/// Distinct values that are looked up in the target. A chance overlap of small numbers does not survive that many.
const SAMPLE: u32 = 200;

/// Rows in which a column without a declaration must be unique to be taken for a key.
const KEY_SAMPLE: u32 = 10_000;

/// Questions in one statement. Each reads two tables; a database answers so many within its time limit.
const BATCH: usize = 50;

/// Answers of a scan that was cut off longer ago are out of date.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What was looked at, and what of it was found.
pub(super) type Counts = (u64, u64);

/// The list and the FROM of a SELECT that gives two counts.
pub(super) struct Question(String);

impl Question {
    /// Of the values of a column: how many there are in the sample, and how many of them the key has.
    pub(super) fn of_values(
        (table, column): (&Table, &SnapshotColumn),
        (target, key): (&Table, &SnapshotColumn),
        quoted: &dyn Fn(&str) -> String,
    ) -> Self {
        let (column, name) = (quoted(&column.name), quoted(&key.name));
        let target = match key.primary_key {
            true => place(target, quoted),
            false => format!("(select distinct {name} from {})", place(target, quoted)),
        };
        Self(format!(
            "count(*) as looked_at, count(k.{name}) as found from \
             (select distinct {column} as v from {} where {column} is not null limit {SAMPLE}) s \
             left join {target} k on k.{name} = s.v",
            place(table, quoted)
        ))
    }

    /// Of the rows of a table: how many there are in the sample, and how many values a column has in them.
    pub(super) fn of_key(table: &Table, column: &SnapshotColumn, quoted: &dyn Fn(&str) -> String) -> Self {
        Self(format!(
            "count(*) as looked_at, count(distinct v) as found from (select {} as v from {} limit {KEY_SAMPLE}) s",
            quoted(&column.name),
            place(table, quoted)
        ))
    }
}

fn place(table: &Table, quoted: &dyn Fn(&str) -> String) -> String {
    let parts = [table.db.as_deref(), Some(table.name.as_str())];
    let parts: Vec<String> = parts.into_iter().flatten().map(quoted).collect();
    parts.join(".")
}

/// Answers each question, or says why there is no answer.
pub(super) fn ask<P: RelationshipProbe>(
    questions: &[Question],
    probe: &mut P,
    answers: &mut Answers,
    sampling: &mut Sampling,
) -> Result<Vec<Result<Counts, String>>, P::Error> {
    let mut found: Vec<Result<Counts, String>> = vec![Err(String::new()); questions.len()];
    let mut open = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        match answers.known.get(&question.0) {
            Some(counts) => found[place] = Ok(*counts),
            None => open.push(place),
        }
    }
    sampling.resumed += questions.len() - open.len();
    sampling.questions += questions.len();
    let mut asked = questions.len() - open.len();
    // Halves of a statement that fails come next, so that one bad table costs few statements.
    let mut batches: Vec<&[usize]> = open.chunks(BATCH).rev().collect();
    while let Some(batch) = batches.pop() {
        probe.progress(asked, questions.len())?;
        let selects: Vec<String> = batch
            .iter()
            .map(|place| format!("select {place} as question, {}", questions[*place].0))
            .collect();
        sampling.statements += 1;
        match probe.counts(&selects.join(" union all "))? {
            Ok(rows) => {
                for place in batch {
                    found[*place] = rows
                        .iter()
                        .find(|row| usize::try_from(row[0]) == Ok(*place))
                        .map(|row| (row[1], row[2]))
                        .ok_or_else(|| "the sample gave no counts".to_owned());
                }
                let texts = batch.iter().filter_map(|place| {
                    let counts = found[*place].as_ref().ok()?;
                    Some((questions[*place].0.as_str(), *counts))
                });
                answers.keep(texts);
                asked += batch.len();
            }
            Err(reason) if batch.len() == 1 => {
                found[batch[0]] = Err(reason);
                asked += 1;
            }
            Err(_) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                batches.extend([second, first]);
            }
        }
    }
    Ok(found)
}

/// Answers that a scan has had, in a file until it is done.
#[derive(Default)]
pub struct Answers {
    path: Option<PathBuf>,
    known: BTreeMap<String, Counts>,
}

impl Answers {
    /// Those of a scan that was cut off in the last day. A file that cannot be read holds none.
    pub fn of_scan(path: PathBuf) -> Self {
        let age = fs::metadata(&path).and_then(|found| found.modified());
        let is_fresh = age.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age < KEPT));
        let text = match is_fresh {
            true => fs::read_to_string(&path).unwrap_or_default(),
            false => String::new(),
        };
        // The last line may be cut off.
        let known = text
            .lines()
            .filter_map(|line| serde_json::from_str::<(String, Counts)>(line).ok());
        let known = known.collect();
        if !is_fresh {
            let _ = fs::remove_file(&path);
        }
        Self {
            path: Some(path),
            known,
        }
    }

    /// The scan is complete; the next one asks again.
    pub fn done(self) {
        if let Some(path) = self.path {
            let _ = fs::remove_file(path);
        }
    }

    /// Without room for them, a scan that is cut off begins again.
    fn keep<'q>(&self, answered: impl Iterator<Item = (&'q str, Counts)>) {
        let Some(path) = &self.path else { return };
        let mut text = String::new();
        for line in answered {
            text.push_str(&serde_json::to_string(&line).expect("text and numbers are JSON"));
            text.push('\n');
        }
        let _ = appended(path, &text);
    }
}

fn appended(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    // A line that was cut off ends here.
    file.write_all(format!("\n{text}").as_bytes())
}
