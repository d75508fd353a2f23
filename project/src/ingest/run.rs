//! From a pull to raw sources and a report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::drafts;
use super::pull::Pull;
use super::report::{IngestDiff, IngestReport, UnitReport, UnitStatus};
use crate::scan::ScanReport;
use crate::snapshot::FileChanges;
use crate::state::{self, RunKind, State};
use crate::{ConnectionId, Error, Folder, files};

const REPORT: &str = "ingest-report.json";
const MANIFEST: &str = "manifest.json";

#[derive(Debug, Clone)]
pub struct IngestOptions {
    pub connection: ConnectionId,
    pub adapter: &'static str,
    pub now: Timestamp,
}

/// A run that the state knows of since before its pull, so that others see it while it lasts.
pub struct RunningIngest {
    state: State,
    id: String,
}

impl RunningIngest {
    pub fn begin(folder: &Folder, options: &IngestOptions) -> Result<Self, Error> {
        let mut state = State::open(folder)?;
        let id = state.begin(
            RunKind::Ingest,
            options.connection.as_str(),
            options.adapter,
            options.now,
        )?;
        Ok(Self { state, id })
    }

    /// Records how the run ended.
    pub fn finish<E: From<Error>>(self, outcome: Result<IngestReport, E>) -> Result<IngestReport, E> {
        match outcome {
            Ok(report) => {
                let text = String::from_utf8_lossy(&pretty(&report)).into_owned();
                let status = report.status.as_str();
                self.state
                    .finish(&self.id, status, Some(&report.sync_id), Some(&text))?;
                Ok(report)
            }
            Err(error) => {
                // The first failure is the one to tell; a full disk may refuse this as well.
                let _ = self.state.finish(&self.id, "error", None, None);
                Err(error)
            }
        }
    }
}

/// A scan is the live-database adapter's pull: its snapshot is kept already, what is left is the report.
pub fn keep_scan(
    folder: &Folder,
    options: &IngestOptions,
    run: &RunningIngest,
    scan: &ScanReport,
    pull: &Pull,
    changes: &FileChanges,
) -> Result<IngestReport, Error> {
    let changed: BTreeSet<&str> = changes
        .added
        .iter()
        .chain(&changes.modified)
        .map(String::as_str)
        .collect();
    let diff = IngestDiff {
        added: changes.added.len(),
        modified: changes.modified.len(),
        deleted: changes.deleted.len(),
        unchanged: changes.unchanged.len(),
    };
    let sync = folder
        .raw_sources(&options.connection, options.adapter)
        .join(&scan.sync_id);
    let report = report(folder, options, pull, &run.id, &sync, diff, &changed);
    files::write(&sync.join(REPORT), &pretty(&report))?;
    Ok(report)
}

/// Stages the pull, compares it with the last run's raw sources, and keeps it when it differs.
pub fn keep(
    folder: &Folder,
    options: &IngestOptions,
    run: &RunningIngest,
    mut pull: Pull,
) -> Result<IngestReport, Error> {
    let run = run.id.as_str();
    let root = folder.raw_sources(&options.connection, options.adapter);
    let previous = latest(&root)?;
    let placed = drafts::place(
        folder,
        options.adapter,
        std::mem::take(&mut pull.drafts),
        previous.as_deref(),
    )?;
    pull.files.extend(placed.kept);
    pull.warnings.extend(placed.warnings);
    let pull = &pull;
    let before = match &previous {
        Some(sync) => digests_on_disk(sync)?,
        None => BTreeMap::new(),
    };
    let (diff, changed) = compare(&before, pull);
    let same = diff.added + diff.modified + diff.deleted == 0;
    let target = match previous {
        Some(sync) if same => sync,
        _ => root.join(state::sync_id(options.now, run)),
    };
    let report = IngestReport {
        drafts: placed.reports,
        ..report(folder, options, pull, run, &target, diff, &changed)
    };
    if target.is_dir() {
        // Nothing new to keep: only the report of this run replaces the last one.
        if let Some(manifest) = &pull.manifest {
            files::write(&target.join(MANIFEST), &pretty(manifest))?;
        }
        files::write(&target.join(REPORT), &pretty(&report))?;
        return Ok(report);
    }
    stage(folder, pull, &report, run, &target)?;
    Ok(report)
}

/// The staged folder is complete, report and all, before it is renamed into the raw sources.
fn stage(folder: &Folder, pull: &Pull, report: &IngestReport, run: &str, target: &Path) -> Result<(), Error> {
    let cache = folder.cache().join("local-ingest").join(run);
    let staged = cache.join("staged");
    let placed = write_staged(&staged, pull, report).and_then(|()| {
        files::make_folder(target.parent().unwrap_or(target))?;
        fs_err::rename(&staged, target).map_err(|error| Error::io("write", target, error))
    });
    let removed = fs_err::remove_dir_all(&cache).map_err(|error| Error::io("remove", &cache, error));
    placed.and(removed)
}

fn write_staged(staged: &Path, pull: &Pull, report: &IngestReport) -> Result<(), Error> {
    let mut made = BTreeSet::new();
    let mut write = |name: &str, content: &[u8]| -> Result<(), Error> {
        let path = staged.join(name);
        let parent = path.parent().unwrap_or(staged).to_owned();
        if made.insert(parent.clone()) {
            files::make_folder(&parent)?;
        }
        fs_err::write(&path, content).map_err(|error| Error::io("write", &path, error))
    };
    for (name, content) in &pull.files {
        write(name, content)?;
    }
    if let Some(manifest) = &pull.manifest {
        write(MANIFEST, &pretty(manifest))?;
    }
    write(REPORT, &pretty(report))
}

fn report(
    folder: &Folder,
    options: &IngestOptions,
    pull: &Pull,
    run: &str,
    sync: &Path,
    diff: IngestDiff,
    changed: &BTreeSet<&str>,
) -> IngestReport {
    let units: Vec<UnitReport> = pull
        .units
        .iter()
        .map(|unit| UnitReport {
            key: unit.key.clone(),
            status: unit.status(unit.files.iter().any(|file| changed.contains(file.as_str()))),
            raw_files: unit.files.clone(),
            error: unit.failure.clone(),
        })
        .collect();
    let failed = units.iter().any(|unit| unit.status == UnitStatus::Error);
    IngestReport {
        report_path: folder.relative(&sync.join(REPORT)),
        run_id: run.to_owned(),
        job_id: run.to_owned(),
        status: if failed {
            UnitStatus::Error
        } else {
            UnitStatus::Done
        },
        adapter: options.adapter.to_owned(),
        connection_id: options.connection.to_string(),
        sync_id: sync
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        diff,
        provenance_rows: units.iter().map(|unit| unit.raw_files.len()).sum(),
        work_units: units,
        warnings: pull.warnings.clone(),
        drafts: Vec::new(),
        created_at: options.now.to_string(),
    }
}

/// The raw sources of the last run.
pub fn previous(folder: &Folder, connection: &ConnectionId, adapter: &str) -> Result<Option<PathBuf>, Error> {
    latest(&folder.raw_sources(connection, adapter))
}

fn latest(root: &Path) -> Result<Option<PathBuf>, Error> {
    match fs_err::read_dir(root) {
        Ok(entries) => Ok(entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|sync| sync.join(REPORT).is_file())
            .max()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", root, error)),
    }
}

fn digests_on_disk(sync: &Path) -> Result<BTreeMap<String, [u8; 32]>, Error> {
    let mut digests = BTreeMap::new();
    for file in files::all_below(sync)? {
        let name = files::name_below(sync, &file);
        if name != REPORT && name != MANIFEST {
            let content = fs_err::read(&file).map_err(|error| Error::io("read", &file, error))?;
            digests.insert(name, Sha256::digest(content).into());
        }
    }
    Ok(digests)
}

fn compare<'p>(before: &BTreeMap<String, [u8; 32]>, pull: &'p Pull) -> (IngestDiff, BTreeSet<&'p str>) {
    let mut diff = IngestDiff::default();
    let mut changed = BTreeSet::new();
    for (name, content) in &pull.files {
        match before.get(name) {
            Some(digest) if *digest == <[u8; 32]>::from(Sha256::digest(content)) => {
                diff.unchanged += 1;
                continue;
            }
            Some(_) => diff.modified += 1,
            None => diff.added += 1,
        }
        changed.insert(name.as_str());
    }
    diff.deleted = before
        .keys()
        .filter(|name| !pull.files.contains_key(*name))
        .count();
    (diff, changed)
}

fn pretty<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("our own types have text keys and finite numbers");
    text.push(b'\n');
    text
}
