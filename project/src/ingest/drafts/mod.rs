//! Sources that another tool's project describes, as files of the semantic layer: `semantic-layer/<connection>/<adapter>/`.
//!
//! A draft of a table that was scanned is an overlay of it, any other a whole source. What people changed in a draft,
//! or wrote in files of their own, stays.

mod merge;
mod overlay;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::semantic::{Catalog, Definition, Source, read_definition};
use crate::yaml::{self, Node};
use crate::{ConnectionId, Error, Folder, files};

/// The folder of a pull that keeps drafts as they were written, to tell later what people changed.
const KEPT: &str = "drafts";

/// A source as the payload drafts it.
#[derive(Debug, Clone, Deserialize)]
pub struct Draft {
    pub definition: Value,
    /// Columns that only expressions name, which a scan of the table has found as well.
    #[serde(default)]
    pub read: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DraftStatus {
    Converted,
    Partial,
    NotConverted,
}

/// What became of one view, model or metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftReport {
    pub name: String,
    pub status: DraftStatus,
    pub file: String,
    pub line: usize,
    /// Why nothing came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "left_out")]
    pub left_out: Vec<LeftOut>,
    /// The file of the semantic layer, from the project folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    pub name: String,
    #[serde(alias = "item_type")]
    pub item_type: String,
    pub reason: String,
    pub file: String,
    pub line: usize,
}

/// The drafts for one connection.
#[derive(Debug, Clone)]
pub struct DraftSet {
    pub connection: ConnectionId,
    pub drafts: Vec<Draft>,
    pub reports: Vec<DraftReport>,
}

impl DraftSet {
    /// The drafts in an answer of the payload; none when it has none to give.
    pub fn of_answer(connection: ConnectionId, answer: &Map<String, Value>) -> Option<Self> {
        let list = |field: &str| answer.get(field).cloned();
        Some(Self {
            connection,
            drafts: serde_json::from_value(list("sources")?).ok()?,
            reports: serde_json::from_value(list("reports")?).ok()?,
        })
    }
}

/// What was written.
#[derive(Debug, Default)]
pub struct Placed {
    pub reports: Vec<DraftReport>,
    pub warnings: Vec<String>,
    /// The drafts as they were made, by their path in the pull.
    pub kept: BTreeMap<String, Vec<u8>>,
}

/// Writes drafts over those of the last run, which `previous` has as they were made.
pub fn place(
    folder: &Folder,
    adapter: &str,
    sets: Vec<DraftSet>,
    previous: Option<&Path>,
) -> Result<Placed, Error> {
    let mut placed = Placed::default();
    for set in sets {
        let before = previous.map(|sync| sync.join(KEPT).join(set.connection.as_str()));
        let writer = Writer {
            folder,
            adapter,
            connection: &set.connection,
            before: before.as_deref(),
            catalog: Catalog::load(folder, &set.connection)?,
        };
        writer.write(set.drafts, set.reports, &mut placed)?;
    }
    Ok(placed)
}

struct Writer<'w> {
    folder: &'w Folder,
    adapter: &'w str,
    connection: &'w ConnectionId,
    before: Option<&'w Path>,
    catalog: Catalog,
}

impl Writer<'_> {
    fn write(&self, drafts: Vec<Draft>, reports: Vec<DraftReport>, placed: &mut Placed) -> Result<(), Error> {
        let scanned = overlay::scanned(self.folder, self.connection)?;
        let mut outcomes: BTreeMap<String, Result<String, String>> = BTreeMap::new();
        for draft in drafts {
            let source = match source_of(&draft.definition) {
                Ok(source) => source,
                Err((name, reason)) => {
                    outcomes.insert(name, Err(reason));
                    continue;
                }
            };
            let name = source.name.clone();
            let fresh = match scanned.get(&name) {
                Some(table) if overlay::is_same_table(table, &source) => {
                    let (text, lost) = overlay::of(&source, table, &draft.read);
                    placed
                        .warnings
                        .extend(lost.into_iter().map(|lost| format!("{name}: {lost}")));
                    text
                }
                _ => match self.owner(&name, scanned.contains_key(&name)) {
                    Some(owner) => {
                        outcomes.insert(
                            name.clone(),
                            Err(format!("`{name}` is defined in {owner} already")),
                        );
                        continue;
                    }
                    None => yaml::to_text(&source),
                },
            };
            outcomes.insert(name.clone(), self.place_one(&name, &fresh, placed)?);
        }
        self.remove_unwanted(placed)?;
        placed
            .reports
            .extend(reports.into_iter().map(|report| with_outcome(report, &outcomes)));
        Ok(())
    }

    /// Who defines a source of this name, other than the draft itself.
    fn owner(&self, name: &str, is_scanned: bool) -> Option<String> {
        let path = &self.catalog.entries.get(name)?.path;
        (is_scanned || !path.contains('#'))
            .then(|| path.clone())
            .filter(|path| *path != self.folder.relative(&self.file(name)))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder
            .semantic_layer(self.connection)
            .join(self.adapter)
            .join(format!("{name}.yaml"))
    }

    /// The path written to, or why what is there stays.
    fn place_one(
        &self,
        name: &str,
        fresh: &str,
        placed: &mut Placed,
    ) -> Result<Result<String, String>, Error> {
        let path = self.file(name);
        let shown = self.folder.relative(&path);
        let kept = format!("{KEPT}/{}/{name}.yaml", self.connection);
        placed.kept.insert(kept, fresh.as_bytes().to_vec());
        let written = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A draft that people removed stays away.
                if self.draft_before(name).is_none() {
                    files::write(&path, fresh.as_bytes())?;
                    return Ok(Ok(shown));
                }
                return Ok(Err(format!("{shown} was removed")));
            }
            Err(error) => return Err(Error::io("read", &path, error)),
        };
        let base = self.draft_before(name).and_then(|text| yaml::parse(&text).ok());
        let text = match (yaml::parse(&written), yaml::parse(fresh)) {
            (Ok(current), Ok(fresh)) => merged_text(&written, base.as_ref(), &current, &fresh),
            (Err(error), _) => return Ok(Err(format!("{shown} was left as it is: {error}"))),
            (_, Err(error)) => return Ok(Err(error.to_string())),
        };
        files::write_if_changed(&path, text.as_bytes())?;
        Ok(Ok(shown))
    }

    fn draft_before(&self, name: &str) -> Option<String> {
        fs_err::read_to_string(self.before?.join(format!("{name}.yaml"))).ok()
    }

    /// A draft whose origin is gone goes too, unless people changed it.
    fn remove_unwanted(&self, placed: &mut Placed) -> Result<(), Error> {
        let Some(before) = self.before else { return Ok(()) };
        for old in files::yaml_below(before)? {
            let name = files::name_below(before, &old);
            if placed
                .kept
                .contains_key(&format!("{KEPT}/{}/{name}", self.connection))
            {
                continue;
            }
            let path = self.file(name.trim_end_matches(".yaml"));
            match (fs_err::read(&path), fs_err::read(&old)) {
                (Ok(now), Ok(then)) if now == then => files::remove(&path)?,
                (Ok(_), _) => placed.warnings.push(format!(
                    "draft_kept:{}: what it was made from is gone, but it was changed",
                    self.folder.relative(&path)
                )),
                _ => {}
            }
        }
        Ok(())
    }
}

fn source_of(definition: &Value) -> Result<Source, (String, String)> {
    let name = definition
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !is_plain(&name) {
        let reason = format!("`{name}` cannot be the name of a file");
        return Err((name, reason));
    }
    let node = yaml::parse(&definition.to_string()).map_err(|error| (name.clone(), error.to_string()))?;
    match read_definition(&node) {
        Ok(Definition::Standalone(source)) => Ok(*source),
        Ok(Definition::Overlay(_)) => Err((name, "it reads neither a table nor a query".to_owned())),
        Err(findings) => {
            let reasons: Vec<String> = findings.iter().map(ToString::to_string).collect();
            Err((name, reasons.join("; ")))
        }
    }
}

pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// With as little changed as makes the file say what it should.
fn merged_text(written: &str, base: Option<&Node>, current: &Node, fresh: &Node) -> String {
    let wanted = merge::merged(base, current, fresh);
    if wanted.same_as(current) {
        return written.to_owned();
    }
    yaml::amended(written, current, &wanted)
        .filter(|text| yaml::parse(text).is_ok_and(|node| node.same_as(&wanted)))
        .unwrap_or_else(|| yaml::to_text(&wanted))
}

fn with_outcome(mut report: DraftReport, outcomes: &BTreeMap<String, Result<String, String>>) -> DraftReport {
    match outcomes.get(&report.name) {
        Some(Ok(path)) => report.path = Some(path.clone()),
        Some(Err(reason)) => {
            report.status = DraftStatus::NotConverted;
            report.reason = Some(reason.clone());
        }
        None => {}
    }
    report
}
