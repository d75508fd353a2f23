//! Proof that what uv left on the disk is what the distributions say they are, and that the new interpreter can import
//! it.
//!
//! uv is not the integrity check: it installs wheels whose RECORD lies. This is done on the staged directory, before
//! anything is exchanged; `doctor` does the first half again on an installed one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use ktx_manifest::AssetManifest;
use ktx_manifest::asset_manifest::PYTHON_PACKAGES;
use ktx_manifest::record::{InstalledPath, RecordRow, parse_installed_record};
use ktx_manifest::{ContentId, Sha256Digest};

use super::environment;
use super::log::InstallLog;
use super::staging::StagedRuntime;
use crate::layout::Layout;
use crate::observer::{Event, Step};
use crate::process::{self, ProcessError, Supervision};
use crate::{Error, Runtime, platform};

/// Imports every module of the packages it is given, and what embeddings need where that is installed: its libraries may
/// not load on this machine. That also leaves the compiled bytecode behind that makes the first
/// start as fast as the later ones.
const IMPORT_ALL: &str = "\
import importlib, importlib.util, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, name + '.'):
        if not found.name.endswith('.__main__'):
            importlib.import_module(found.name)
if importlib.util.find_spec('sentence_transformers'):
    importlib.import_module('sentence_transformers')
";

/// What `uv venv` of some versions puts beside the distributions.
const OF_THE_ENVIRONMENT: [&str; 2] = ["_virtualenv.py", "_virtualenv.pth"];

/// The staged runtime was compared with its RECORDs, is on the disk and imports. Only [`prove`] makes one.
#[derive(Debug)]
pub struct ProvenImport(());

/// An installed file that is not what its RECORD says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    pub path: PathBuf,
    pub problem: String,
}

/// Compares and writes through to the disk, and imports at the same time.
pub fn prove(
    runtime: &Runtime,
    staged: &StagedRuntime,
    assets: &AssetManifest,
    log: &mut InstallLog,
) -> Result<ProvenImport, Error> {
    let (compared, imported) = std::thread::scope(|scope| {
        let comparing = scope.spawn(|| {
            let found = deviations(staged.layout());
            // What a manifest calls installed must be there after a power cut too. Bytecode that is not yet compiled is
            // made again from its source.
            (found, platform::sync_tree(&staged.layout().venv_dir))
        });
        let imported = import(runtime, staged, log);
        (comparing.join(), imported)
    });
    imported?;
    let (found, synced) = compared.unwrap_or_else(|_| {
        let unknown = deviation(&staged.layout().venv_dir, "it could not be compared");
        (vec![unknown], Ok(()))
    });
    if found.is_empty() {
        synced.map_err(|source| Error::Path {
            action: "sync",
            path: staged.layout().venv_dir.clone(),
            source,
        })?;
        return Ok(ProvenImport(()));
    }
    for deviation in &found {
        log.line(&format!("{}: {}", deviation.path.display(), deviation.problem));
    }
    let reason = format!(
        "failed at {}: {} installed files differ from what {} {} and its dependencies record",
        Step::Prove.description(),
        found.len(),
        ktx_manifest::asset_manifest::DISTRIBUTION_NAME,
        assets.version(),
    );
    Err(log.failed(reason))
}

fn import(runtime: &Runtime, staged: &StagedRuntime, log: &mut InstallLog) -> Result<(), Error> {
    let python = &staged.layout().python_path;
    let mut command = Command::new(python);
    environment::apply(&mut command, runtime.environment(), staged.work());
    command.args(["-I", "-c", IMPORT_ALL]).args(PYTHON_PACKAGES);
    log.command(
        python.as_os_str(),
        &[&["-I -c <import every module of>"], PYTHON_PACKAGES.as_slice()].concat(),
    );
    let supervision = Supervision {
        interrupt: runtime.interrupt(),
        silence: Some(runtime.limits().silence),
        grows: &mut || false,
        timeout: None,
    };
    let ended = process::run(command, None, supervision, &mut |_, piece| {
        log.output(piece, |line| runtime.observer().observe(&Event::Output(line)));
    });
    match ended {
        Ok(ended) if ended.status.success() => Ok(()),
        Ok(ended) => Err(log.failed(format!(
            "failed at importing what was installed: python ended with {}",
            ended.status
        ))),
        Err(ProcessError::Interrupted(interrupted)) => Err(interrupted.into()),
        Err(error) => Err(log.failed(format!("failed at importing what was installed: {error}"))),
    }
}

/// Every installed file that differs from what the RECORDs of an environment say, every one that is missing, and every
/// one that no RECORD lists. Sorted by path.
pub fn deviations(layout: &Layout) -> Vec<Deviation> {
    let Some(site_packages) = site_packages(&layout.venv_dir) else {
        return vec![deviation(&layout.venv_dir, "it has no site-packages")];
    };
    let mut found = Vec::new();
    let mut listed = BTreeSet::new();
    for record in records(&site_packages) {
        let rows = crate::installed::read_regular(&record, 64 << 20)
            .map_err(|error| error.to_string())
            .and_then(|text| parse_installed_record(&text).map_err(|error| error.to_string()));
        match rows {
            Ok(rows) => {
                for row in rows {
                    let (path, problem) = compare(&row, &site_packages, &layout.venv_dir);
                    found.extend(problem.map(|problem| deviation(&path, &problem)));
                    listed.insert(path);
                }
            }
            Err(reason) => found.push(deviation(&record, &reason)),
        }
    }
    if listed.is_empty() {
        found.push(deviation(&site_packages, "no distribution is installed in it"));
    }
    unlisted(&site_packages, &site_packages, &listed, &mut found);
    found.sort();
    found
}

/// Where the distributions of an environment lie.
fn site_packages(venv: &Path) -> Option<PathBuf> {
    let windows = venv.join("Lib").join("site-packages");
    if cfg!(windows) {
        return windows.is_dir().then_some(windows);
    }
    let lib = fs_err::read_dir(venv.join("lib")).ok()?;
    lib.filter_map(|entry| Some(entry.ok()?.path().join("site-packages")))
        .find(|path| path.is_dir())
}

/// The RECORD of every distribution, there or not: one without is a deviation.
fn records(site_packages: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(site_packages) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"))
        .map(|path| path.join("RECORD"))
        .collect()
}

fn compare(row: &RecordRow<InstalledPath>, site_packages: &Path, venv: &Path) -> (PathBuf, Option<String>) {
    let Some(path) = row.path.resolve(site_packages, venv) else {
        return (
            site_packages.to_owned(),
            Some("a RECORD lists a file outside of the environment".to_owned()),
        );
    };
    let Some(sha256) = row.sha256 else {
        let problem = (!path.is_file()).then(|| "it is missing".to_owned());
        return (path, problem);
    };
    let problem = match Sha256Digest::of_file(&path) {
        Ok(ContentId { sha256: found, bytes }) => {
            let same = found == sha256 && row.bytes.is_none_or(|expected| expected == bytes);
            (!same).then(|| "its content is not what its RECORD says".to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("it is missing".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    (path, problem)
}

fn unlisted(directory: &Path, site_packages: &Path, listed: &BTreeSet<PathBuf>, found: &mut Vec<Deviation>) {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let of_environment =
            directory == site_packages && OF_THE_ENVIRONMENT.iter().any(|name| entry.file_name() == *name);
        match entry.file_type() {
            // Compiled bytecode is made on the way and listed nowhere.
            Ok(kind) if kind.is_dir() && entry.file_name() == "__pycache__" => {}
            Ok(kind) if kind.is_dir() => unlisted(&path, site_packages, listed, found),
            _ if of_environment || listed.contains(&path) => {}
            _ => found.push(deviation(&path, "no RECORD lists it")),
        }
    }
}

fn deviation(path: &Path, problem: &str) -> Deviation {
    Deviation {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
