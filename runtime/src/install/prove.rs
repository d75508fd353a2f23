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
import ctypes, importlib.machinery, importlib.util, itertools, os, sys
def named(text):
    name = ''.join(itertools.takewhile(lambda letter: letter.isalnum() or letter in '-_.', text.strip()))
    return '-'.join(filter(None, name.lower().replace('_', '-').replace('.', '-').split('-')))
site = os.path.dirname(os.path.dirname(importlib.util.find_spec('ktx_daemon').origin))
found, needed = set(), []
for folder in sorted(os.listdir(site)):
    if not folder.endswith('.dist-info'):
        continue
    with open(os.path.join(site, folder, 'METADATA'), encoding='utf-8') as metadata:
        for line in itertools.takewhile(str.strip, metadata):
            key, _, value = line.partition(':')
            if key == 'Name':
                found.add(named(value))
            elif key == 'Requires-Dist' and ';' not in value:
                needed.append((folder, named(value)))
for folder, name in needed:
    if name not in found:
        raise ModuleNotFoundError(folder + ' requires ' + name + ', which is not installed')
for name in sys.argv[1:]:
    __import__(name)
endpoints = importlib.util.find_spec('ktx_daemon.endpoints')
for endpoint in __import__('ktx_daemon.endpoints', fromlist=['ENDPOINTS']).ENDPOINTS if endpoints else ():
    if importlib.util.find_spec(endpoint.module) is None:
        raise ModuleNotFoundError('No module named ' + repr(endpoint.module))
for package in ('pydantic_core', 'httptools', 'psycopg_binary'):
    libraries = os.path.join(site, package + '.libs')
    if hasattr(os, 'add_dll_directory') and os.path.isdir(libraries):
        os.add_dll_directory(libraries)
    for folder, _, files in os.walk(os.path.join(site, package)):
        for file in sorted(files):
            if file.endswith(importlib.machinery.EXTENSION_SUFFIXES[-1]):
                ctypes.CDLL(os.path.join(folder, file))
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
