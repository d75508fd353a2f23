//! Proof that the installed files are what the distributions' RECORDs list, and that they run on this machine.
//!
//! uv is not the integrity check: it installs wheels with a wrong RECORD. This is done on the staged directory, before
//! anything is exchanged; `doctor` does the first half again on an installed one.

use std::path::Path;
use std::process::Command;

use ktx_manifest::AssetManifest;
use ktx_manifest::asset_manifest::PYTHON_PACKAGES;

use super::environment;
use super::log::InstallLog;
use super::logged;
use super::recorded_files::{Depth, Deviation, deviations};
use super::settings::UserSettings;
use crate::layout::Layout;
use crate::observer::Step;
use crate::{Error, Runtime};

/// Every dependency without a condition is installed, as `uv pip install --no-deps` does not check; the interpreter
/// starts, both packages import, every endpoint's module is found, and the native libraries that
/// endpoints need load on this machine; what embeddings need is imported where it is installed. Importing all of it would
/// compile pydantic and sqlglot, which takes longer than installing: Python does that when a module is first used, or uv
/// does with `UV_COMPILE_BYTECODE`.
const TRY: &str = "\
import ctypes, importlib.machinery, importlib.metadata, importlib.util, os, pathlib, re, sys
def normalized(name):
    return re.sub('[-_.]+', '-', name).lower()
found = {normalized(it.metadata['Name'] or ''): it.requires or [] for it in importlib.metadata.distributions()}
for name, requires in sorted(found.items()):
    for requirement in requires:
        needed = normalized(re.match('[A-Za-z0-9._-]+', requirement)[0])
        if ';' not in requirement and needed not in found:
            raise ModuleNotFoundError(name + ' requires ' + needed + ', which is not installed')
for name in sys.argv[1:]:
    __import__(name)
endpoints = importlib.util.find_spec('ktx_daemon.endpoints')
for endpoint in __import__('ktx_daemon.endpoints', fromlist=['ENDPOINTS']).ENDPOINTS if endpoints else ():
    if importlib.util.find_spec(endpoint.module) is None:
        raise ModuleNotFoundError('No module named ' + repr(endpoint.module))
site = pathlib.Path(importlib.util.find_spec('ktx_daemon').origin).parent.parent
for name in ('pydantic_core', 'httptools', 'psycopg_binary'):
    if hasattr(os, 'add_dll_directory') and (site / (name + '.libs')).is_dir():
        os.add_dll_directory(str(site / (name + '.libs')))
    for library in sorted((site / name).rglob('*' + importlib.machinery.EXTENSION_SUFFIXES[-1])):
        ctypes.CDLL(str(library))
if importlib.util.find_spec('sentence_transformers'):
    __import__('sentence_transformers')
";

/// The staged runtime was compared with its RECORDs and runs. Only [`prove`] makes one.
#[derive(Debug)]
pub struct Proven(());

/// The outcome of comparing and trying.
pub enum Proof {
    Proven(Proven),
    /// It runs, and files differ from their RECORDs; with the error when nothing helps.
    Deviates(Error),
}

/// Compares, and tries the new interpreter at the same time. Nothing is written through to the disk: what a power cut
/// takes away has another size than its RECORD says, which is looked at before a daemon is started.
pub fn prove(
    runtime: &Runtime,
    staged: &Layout,
    work: &Path,
    assets: &AssetManifest,
    log: &mut InstallLog,
) -> Result<Proof, Error> {
    let (compared, tried) = std::thread::scope(|scope| {
        let comparing = scope.spawn(|| deviations(staged, Depth::Digests));
        let tried = try_out(runtime, staged, work, log);
        (comparing.join(), tried)
    });
    if let Err(Error::Interrupted(interrupted)) = tried {
        return Err(interrupted.into());
    }
    let found = compared.unwrap_or_else(|_| {
        vec![Deviation {
            path: staged.venv_dir.clone(),
            problem: "it could not be compared".to_owned(),
        }]
    });
    if found.is_empty() {
        tried?;
        return Ok(Proof::Proven(Proven(())));
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
    Ok(Proof::Deviates(log.failed(reason)))
}

fn try_out(runtime: &Runtime, staged: &Layout, work: &Path, log: &mut InstallLog) -> Result<(), Error> {
    let python = &staged.python_path;
    let mut command = Command::new(python);
    let settings = UserSettings::default();
    environment::apply(&mut command, runtime.environment(), &settings, work);
    command.args(["-I", "-c", TRY]).args(PYTHON_PACKAGES);
    log.command(
        python.as_os_str(),
        &[&["-I -c <try what was installed:>"], PYTHON_PACKAGES.as_slice()].concat(),
    );
    let what = "failed at trying what was installed: python";
    logged::run(runtime, log, what, command, &mut || false)
}
