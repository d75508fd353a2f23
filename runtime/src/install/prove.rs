//! Proof that what uv left on the disk is what the distributions say they are, and that the new interpreter can import
//! it.
//!
//! uv is not the integrity check: it installs wheels whose RECORD lies. This is done on the staged directory, before
//! anything is exchanged; `doctor` does the first half again on an installed one.

use std::path::Path;
use std::process::Command;

use ktx_manifest::AssetManifest;
use ktx_manifest::asset_manifest::PYTHON_PACKAGES;
use ktx_system::files::{self, PathError};

use super::environment;
use super::log::InstallLog;
use super::logged;
use super::recorded_files::{Deviation, deviations};
use crate::layout::Layout;
use crate::observer::Step;
use crate::{Error, Runtime};

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

/// The staged runtime was compared with its RECORDs, is on the disk and imports. Only [`prove`] makes one.
#[derive(Debug)]
pub struct ProvenImport(());

/// Compares and writes through to the disk, and imports at the same time.
pub fn prove(
    runtime: &Runtime,
    staged: &Layout,
    work: &Path,
    assets: &AssetManifest,
    log: &mut InstallLog,
) -> Result<ProvenImport, Error> {
    let (compared, imported) = std::thread::scope(|scope| {
        let comparing = scope.spawn(|| {
            let found = deviations(staged);
            // What a manifest calls installed must be there after a power cut too. Bytecode that is not yet compiled is
            // made again from its source.
            (found, files::sync_tree(&staged.venv_dir))
        });
        let imported = import(runtime, staged, work, log);
        (comparing.join(), imported)
    });
    imported?;
    let (found, synced) = compared.unwrap_or_else(|_| {
        let unknown = Deviation {
            path: staged.venv_dir.clone(),
            problem: "it could not be compared".to_owned(),
        };
        (vec![unknown], Ok(()))
    });
    if found.is_empty() {
        synced.map_err(PathError::new("sync", &staged.venv_dir))?;
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

fn import(runtime: &Runtime, staged: &Layout, work: &Path, log: &mut InstallLog) -> Result<(), Error> {
    let python = &staged.python_path;
    let mut command = Command::new(python);
    environment::apply(&mut command, runtime.environment(), work);
    command.args(["-I", "-c", IMPORT_ALL]).args(PYTHON_PACKAGES);
    log.command(
        python.as_os_str(),
        &[&["-I -c <import every module of>"], PYTHON_PACKAGES.as_slice()].concat(),
    );
    let what = "failed at importing what was installed: python";
    logged::run(runtime, log, what, command, &mut || false)
}
