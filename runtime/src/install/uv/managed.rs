//! The uv that ktx keeps for itself, `<root>/uv/<version>/`: one pinned version, downloaded when the user agrees.
//!
//! The wheel comes from the user's index, over the user's proxy and certificates. It is compared with the pinned digest
//! before it is opened, read by the strict archive reader, and only the program is taken out of it.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ktx_manifest::archive::{Archive, Limits};
use ktx_manifest::uv_pin::{PinnedWheel, UV_PIN_FILE};
use ktx_manifest::{Platform, UvPin};
use ktx_system::files::{self, Access};

use super::index;
use crate::install::settings::UserSettings;
use crate::{Consent, Error, Runtime, disk};

/// uv and everything beside it in its wheel; uv 0.13 has 45 MB.
const LIMITS: Limits = Limits {
    entries: 1000,
    entry_bytes: 256 << 20,
    total_bytes: 512 << 20,
    directory_bytes: 1 << 20,
};
const TICK: Duration = Duration::from_millis(25);

/// The pinned version, where its program belongs, and the wheel for this machine.
pub(super) struct ManagedUv {
    version: String,
    program: PathBuf,
    wheel: PinnedWheel,
    default_index: Option<String>,
}

impl ManagedUv {
    /// `None` when the package carries no pin for this machine.
    pub fn of(runtime: &Runtime) -> Option<ManagedUv> {
        let mut pin = pin(runtime)?;
        let wheel = pin.wheels.remove(&Platform::host()?)?;
        Some(ManagedUv {
            program: folder(runtime).join(&pin.version).join(program_name()),
            version: pin.version,
            wheel,
            default_index: pin.default_index,
        })
    }

    /// Its program, when it is there.
    ///
    /// # Errors
    /// When others could have put it there.
    pub fn program(&self, runtime: &Runtime) -> Result<Option<&Path>, Error> {
        if !self.program.is_file() {
            return Ok(None);
        }
        runtime.require_trusted(self.program.parent().unwrap_or(&self.program))?;
        Ok(Some(&self.program))
    }

    /// Asks the user, and downloads.
    ///
    /// # Errors
    /// `missing` without consent; [`Error::UvDownload`]; a root that others can change; a signal.
    pub fn obtain(&self, runtime: &Runtime, missing: Error) -> Result<PathBuf, Error> {
        runtime.require_trusted_root()?;
        let question = format!(
            "KTX needs uv {} ({}) to install the Python runtime. It is downloaded from your package index to {} and \
             used by ktx alone. Continue?",
            self.version,
            disk::human(self.wheel.bytes),
            self.program.display()
        );
        match runtime.asks_for_uv(&question) {
            Consent::Given => {}
            Consent::Declined | Consent::Cancelled => return Err(missing),
        }
        let failed = |reason: String| Error::UvDownload {
            version: self.version.clone(),
            reason,
        };
        let wheel = download(runtime, &self.wheel, self.default_index.as_deref())?.map_err(failed)?;
        let program = take_program(&wheel, &self.version).map_err(failed)?;
        files::write(&self.program, &program, Access::Executable)?;
        Ok(self.program.clone())
    }
}

/// The pinned wheel's bytes, or why they cannot be had.
///
/// # Errors
/// On a signal.
pub(crate) fn download(
    runtime: &Runtime,
    wheel: &PinnedWheel,
    default_index: Option<&str>,
) -> Result<Result<Vec<u8>, String>, Error> {
    let environment = runtime.environment().clone();
    let (pinned, default_index) = (wheel.clone(), default_index.map(str::to_owned));
    let answer = in_its_own_thread(runtime, move || {
        let settings = UserSettings::of(&environment);
        let answer = index::download(&settings, &environment, &pinned, default_index.as_deref());
        answer.map_err(|reason| settings.redaction(&environment).apply(&reason))
    })?;
    Ok(answer.and_then(|bytes| {
        if wheel.is(&bytes) {
            return Ok(bytes);
        }
        Err(format!(
            "`{}` is not the file whose digest ktx has; a proxy may have changed it",
            wheel.file
        ))
    }))
}

/// Runs a download, so that a signal ends the wait for it.
///
/// # Errors
/// On a signal.
pub(crate) fn in_its_own_thread<T: Send + 'static>(
    runtime: &Runtime,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<Result<T, String>, Error> {
    let (sender, answers) = channel();
    std::thread::spawn(move || {
        // An error here is a caller that was interrupted and is gone.
        let _ = sender.send(work());
    });
    loop {
        match answers.recv_timeout(TICK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => runtime.interrupt().check()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(Err("the download ended".to_owned())),
        }
    }
}

/// The pin that the package carries.
pub(crate) fn pin(runtime: &Runtime) -> Option<UvPin> {
    let path = runtime.layout().asset_dir.parent()?.join(UV_PIN_FILE);
    let text = crate::installed::read_regular(&path, 64 << 10).ok()?;
    UvPin::parse(&text).ok()
}

/// Where the versions of uv are.
pub(crate) fn folder(runtime: &Runtime) -> PathBuf {
    runtime.layout().runtime_root.join("uv")
}

/// The folders of versions of uv that this program does not use. One that holds anything but the program is not ours.
pub(crate) fn unused(runtime: &Runtime) -> Vec<PathBuf> {
    let used = ManagedUv::of(runtime).map(|managed| managed.version);
    let Ok(entries) = fs_err::read_dir(folder(runtime)) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| Some(&*entry.file_name().to_string_lossy()) != used.as_deref())
        .map(|entry| entry.path())
        .filter(|path| holds_only_the_program(path))
        .collect();
    found.sort();
    found
}

fn holds_only_the_program(folder: &Path) -> bool {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return false;
    };
    let mut entries = entries.filter_map(Result::ok);
    let is_program = |entry: fs_err::DirEntry| {
        entry.file_name() == program_name() && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    entries.next().is_some_and(is_program) && entries.next().is_none()
}

/// The program in a wheel of uv.
pub(crate) fn take_program(wheel: &[u8], version: &str) -> Result<Vec<u8>, String> {
    let mut archive = Archive::open(Cursor::new(wheel), &LIMITS).map_err(|error| error.to_string())?;
    let path = format!("uv-{version}.data/scripts/{}", program_name());
    let entry = archive
        .file(&path)
        .cloned()
        .ok_or_else(|| format!("the wheel holds no `{path}`"))?;
    archive
        .read(&entry, LIMITS.entry_bytes)
        .map_err(|error| error.to_string())
}

pub(crate) const fn program_name() -> &'static str {
    if cfg!(windows) { "uv.exe" } else { "uv" }
}
