//! Plans a scan from a snapshot and executes the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ktx_system::files::replace_directory;

use super::merge;
use super::plan::{ScanOptions, ScanPlan, ShardWrite};
use super::relationships::{self, Detected, Relationship};
use super::report::{ArtifactPaths, DiffSummary, Enrichment, ScanReport, StructuralSyncStats, Warning};
use super::shards::{self, KnownNames, Shards};
use super::{ADAPTER, Mode};
use crate::semantic::Shard;
use crate::snapshot::{self, FileChanges, RawFiles, Snapshot, Table};
use crate::state::{self, RunKind, State};
use crate::{Error, Folder, files, yaml};

pub fn plan(
    folder: &Folder,
    options: &ScanOptions,
    snapshot: &Snapshot,
    detected: Detected,
) -> Result<ScanPlan, Error> {
    let Detected {
        relationships,
        mut warnings,
        sampling,
    } = detected;
    let raw = RawFiles::of(snapshot);
    let previous = latest_sync(&folder.raw_sources(&options.connection, ADAPTER))?;
    let before = match &previous {
        Some(sync) => RawFiles::read(sync)?,
        None => RawFiles::default(),
    };
    let changes = snapshot::changes(&before, &raw);
    let diff = diff(&before, &raw, &changes.tables());
    for table in removed_tables(&before, &raw) {
        warnings.push(Warning::new("table_removed", "the warehouse no longer has this table").about(&table));
    }
    for unseen in &snapshot.unseen {
        let mut warning = Warning::new(&unseen.code, &unseen.message);
        warning.table.clone_from(&unseen.table);
        warnings.push(warning);
    }
    for table in snapshot.tables.iter().filter(|table| table.columns.is_empty()) {
        let message = "it has no columns that can be read, and is left out";
        warnings.push(Warning::new("table_without_columns", message).about(&table.path()));
    }
    let unchanged = previous.is_some() && before.same_as(&raw);
    let shards = plan_shards(
        folder,
        options,
        &snapshot.tables,
        &before,
        &relationships,
        &mut warnings,
    )?;
    let name = |sync: PathBuf| sync.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(ScanPlan {
        diff,
        changes,
        raw,
        reused_sync: previous.filter(|_| unchanged).and_then(name),
        shards,
        relationships,
        sampling,
        warnings,
    })
}

/// The greatest name is the latest: sync ids begin with their time.
pub fn latest_sync(root: &Path) -> Result<Option<PathBuf>, Error> {
    let entries = match fs_err::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", root, error)),
    };
    let syncs = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(syncs.filter(|sync| sync.join("scan-report.json").is_file()).max())
}

fn diff(before: &RawFiles, after: &RawFiles, changes: &FileChanges) -> DiffSummary {
    let (old, new) = (before.tables(), after.tables());
    let columns = |tables: &BTreeMap<String, Table>, files: &[String]| -> usize {
        files
            .iter()
            .filter_map(|file| tables.get(file))
            .map(|table| table.columns.len())
            .sum()
    };
    let mut diff = DiffSummary {
        tables_added: changes.added.len(),
        tables_modified: changes.modified.len(),
        tables_deleted: changes.deleted.len(),
        tables_unchanged: changes.unchanged.len(),
        columns_added: columns(&new, &changes.added),
        columns_modified: 0,
        columns_deleted: columns(&old, &changes.deleted),
    };
    for file in &changes.modified {
        let (Some(old), Some(new)) = (old.get(file), new.get(file)) else {
            continue;
        };
        for column in &new.columns {
            match old.column(&column.name) {
                None => diff.columns_added += 1,
                Some(before) if before != column => diff.columns_modified += 1,
                Some(_) => {}
            }
        }
        diff.columns_deleted += old
            .columns
            .iter()
            .filter(|column| new.column(&column.name).is_none())
            .count();
    }
    diff
}

fn removed_tables(before: &RawFiles, after: &RawFiles) -> Vec<String> {
    let kept = after.tables();
    before
        .tables()
        .into_iter()
        .filter(|(file, _)| !kept.contains_key(file))
        .map(|(_, table)| table.path())
        .collect()
}

/// A shard that cannot be read is left as it is and named: overwriting it would lose people's edits.
fn plan_shards(
    folder: &Folder,
    options: &ScanOptions,
    tables: &[Table],
    before: &RawFiles,
    relationships: &[Relationship],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<ShardWrite>, Error> {
    let root = folder.semantic_layer(&options.connection).join("_schema");
    let known = known_names(&root)?;
    let found = Shards::of(&options.driver, tables, relationships, &known);
    warnings.extend(found.warnings);
    let before: Vec<Table> = before.tables().into_values().collect();
    let base = Shards::of(&options.driver, &before, &[], &known);
    let mut fresh = found.shards;
    let columns: merge::Columns = fresh
        .values()
        .flat_map(|shard| &shard.tables)
        .map(|(name, table)| {
            let columns = table.columns.iter().map(|column| column.name.clone());
            (name.clone(), columns.collect())
        })
        .collect();
    // A schema whose last table went keeps an empty shard no longer than this scan.
    for file in files::yaml_below(&root)? {
        let stem = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        fresh.entry(stem).or_default();
    }
    let mut writes = Vec::new();
    for (name, mut shard) in fresh {
        let path = root.join(format!("{name}.yaml"));
        let written = match fs_err::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", &path, error)),
        };
        let text = match written.as_deref().map(|text| (text, read_shard(text))) {
            Some((_, Err(reason))) => {
                let shown = folder.relative(&path);
                let message = format!("{shown} was left as it is: {reason}");
                warnings.push(Warning::new("shard_unreadable", message));
                None
            }
            Some((text, Ok(existing))) => {
                merge::keep_written(&mut shard, &existing, &base, &columns);
                (shard != existing).then(|| amended_shard(text, &existing, &shard))
            }
            None => Some(yaml::to_text(&shard)),
        };
        writes.push(ShardWrite { path, text });
    }
    Ok(writes)
}

/// Which table each source of the shards was made from. Shards that cannot be read say nothing.
fn known_names(root: &Path) -> Result<KnownNames, Error> {
    let mut known = KnownNames::new();
    for file in files::yaml_below(root)? {
        let text = fs_err::read_to_string(&file).map_err(|error| Error::io("read", &file, error))?;
        let shard = read_shard(&text).unwrap_or_default();
        let tables = shard.tables.into_iter();
        known.extend(tables.map(|(name, table)| (shards::unquoted(&table.table), name)));
    }
    Ok(known)
}

/// The shard's text with as little changed as makes it say `shard`. A layout that cannot be changed in place, such as
/// anchors that tables share, is rewritten.
fn amended_shard(text: &str, existing: &Shard, shard: &Shard) -> String {
    let anew = yaml::to_text(shard);
    let (before, after) = (yaml::parse(&yaml::to_text(existing)), yaml::parse(&anew));
    let amended = match (before, after) {
        (Ok(before), Ok(after)) => yaml::amended(text, &before, &after),
        _ => None,
    };
    amended
        .filter(|text| read_shard(text).as_ref() == Ok(shard))
        .unwrap_or(anew)
}

fn read_shard(text: &str) -> Result<Shard, String> {
    let node = yaml::parse(text).map_err(|error| error.to_string())?;
    Shard::read(&node).map_err(|findings| match findings.first() {
        Some(finding) => format!("{}: {finding}", finding.place),
        None => "not a manifest shard".to_owned(),
    })
}

/// Writes what the plan says, the report last: a scan that is cut short leaves no sync that looks complete.
pub fn execute(
    folder: &Folder,
    options: &ScanOptions,
    snapshot: &Snapshot,
    plan: &ScanPlan,
) -> Result<ScanReport, Error> {
    let mut state = State::open(folder)?;
    let id = state.begin(RunKind::Scan, options.connection.as_str(), ADAPTER, options.now)?;
    let written = write_all(folder, options, snapshot, plan, &id);
    match written {
        Ok(report) => {
            let text = serde_json::to_string_pretty(&report)
                .expect("our own types have text keys and finite numbers");
            state.finish(&id, "done", Some(&report.sync_id), Some(&text))?;
            Ok(report)
        }
        Err(error) => {
            // The first failure is the one to tell; a full disk may refuse this as well.
            let _ = state.finish(&id, "error", None, None);
            Err(error)
        }
    }
}

fn write_all(
    folder: &Folder,
    options: &ScanOptions,
    snapshot: &Snapshot,
    plan: &ScanPlan,
    run: &str,
) -> Result<ScanReport, Error> {
    let root = folder.raw_sources(&options.connection, ADAPTER);
    let sync = plan
        .reused_sync
        .clone()
        .unwrap_or_else(|| state::sync_id(options.now, run));
    let target = root.join(&sync);
    let mut report = report(folder, options, snapshot, plan, &sync, run);
    let enrichment = match options.mode {
        Mode::Structural => None,
        Mode::Relationships => Some(target.join("enrichment/relationships.json")),
    };
    report.artifact_paths = ArtifactPaths {
        raw_sources_dir: Some(folder.relative(&target)),
        report_path: Some(folder.relative(&target.join("scan-report.json"))),
        manifest_shards: plan
            .shards
            .iter()
            .map(|shard| folder.relative(&shard.path))
            .collect(),
        enrichment_artifacts: enrichment.iter().map(|path| folder.relative(path)).collect(),
    };
    if plan.reused_sync.is_none() {
        write_raw(&target, plan)?;
    }
    for shard in &plan.shards {
        if let Some(text) = &shard.text {
            files::write(&shard.path, text.as_bytes())?;
        }
    }
    if let Some(path) = enrichment {
        files::write(&path, pretty(&plan.relationships).as_bytes())?;
    }
    if plan.reused_sync.is_none() {
        files::write(&target.join("scan-report.json"), pretty(&report).as_bytes())?;
    }
    Ok(report)
}

/// A thousand small files are written beside and renamed as one folder; syncing each of them would take seconds.
fn write_raw(target: &Path, plan: &ScanPlan) -> Result<(), Error> {
    replace_directory(target, |staged| {
        files::make_folder(&staged.join("tables"))?;
        for (name, content) in plan.raw.iter() {
            let path = staged.join(name);
            fs_err::write(&path, content).map_err(|error| Error::io("write", &path, error))?;
        }
        Ok(())
    })
}

pub fn report(
    folder: &Folder,
    options: &ScanOptions,
    snapshot: &Snapshot,
    plan: &ScanPlan,
    sync: &str,
    run: &str,
) -> ScanReport {
    ScanReport {
        connection_id: options.connection.as_str().to_owned(),
        driver: options.driver.as_str().to_owned(),
        sync_id: sync.to_owned(),
        run_id: run.to_owned(),
        trigger: options.trigger,
        mode: options.mode,
        dry_run: false,
        artifact_paths: ArtifactPaths {
            manifest_shards: plan
                .shards
                .iter()
                .map(|shard| folder.relative(&shard.path))
                .collect(),
            ..ArtifactPaths::default()
        },
        diff_summary: plan.diff.clone(),
        manifest_shards_written: plan.shards.iter().filter(|shard| shard.text.is_some()).count(),
        structural_sync_stats: StructuralSyncStats {
            tables: snapshot.tables.len(),
            columns: snapshot.tables.iter().map(|table| table.columns.len()).sum(),
            foreign_keys: snapshot.tables.iter().map(|table| table.foreign_keys.len()).sum(),
            raw_files: plan.raw.iter().count(),
            raw_bytes: plan.raw.iter().map(|(_, content)| content.len()).sum(),
            reused_sync: plan.reused_sync.is_some(),
        },
        enrichment: Enrichment::of(options.mode),
        capability_gaps: Vec::new(),
        warnings: plan.warnings.clone(),
        relationships: relationships::count(&plan.relationships),
        sampling: (options.mode == Mode::Relationships).then_some(plan.sampling),
        enrichment_state: None,
        created_at: options.now.to_string(),
    }
}

/// A dry run: the report of the plan, with nothing written and so no paths to it.
pub fn preview(folder: &Folder, options: &ScanOptions, snapshot: &Snapshot, plan: &ScanPlan) -> ScanReport {
    let run = state::run_id(options.now.as_millisecond());
    let sync = plan
        .reused_sync
        .clone()
        .unwrap_or_else(|| state::sync_id(options.now, &run));
    ScanReport {
        dry_run: true,
        ..report(folder, options, snapshot, plan, &sync, &run)
    }
}

fn pretty<T: serde::Serialize>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value).expect("our own types have text keys and finite numbers");
    format!("{text}\n")
}
