//! The directory a runtime is built in, how it takes the place of the old one, and what a crash can leave behind.
//!
//! Names under the root: `.staging-<version>-<16 hex>` is being built, or was exchanged for the new one and is on its way
//! out; `.retired-<version>-<16 hex>` is a version directory that was renamed aside because the system cannot exchange
//! two; `.removing-<version>-<16 hex>` is being deleted. Under the version's install lock, no live process
//! works in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ktx_manifest::AssetManifest;

use super::log::InstallLog;
use super::prove::Proven;
use crate::installed::InstalledManifest;
use crate::layout::{Layout, MARKER};
use crate::locks::InstallLockGuard;
use crate::observer::Step;
use crate::runtime::ExchangeMethod;
use crate::{Error, FeatureSet, Runtime, daemon, ownership};
use ktx_system::files::{self, Exchange, PathError};

const STAGING: &str = ".staging-";
const RETIRED: &str = ".retired-";
const REMOVING: &str = ".removing-";

/// A version directory in the making. It is removed when this is dropped, unless it was exchanged.
#[derive(Debug)]
pub struct StagedRuntime {
    layout: Layout,
    work: PathBuf,
}

/// The directory that the new runtime took the place of.
#[derive(Debug)]
pub struct Replaced {
    layout: Layout,
}

/// Something an interrupted command left under the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub path: PathBuf,
    retired: bool,
}

impl Leftover {
    /// Whether it is a runtime that was moved aside, and not yet replaced.
    pub fn is_retired(&self) -> bool {
        self.retired
    }
}

impl StagedRuntime {
    /// An empty, marked directory beside the version directory.
    pub fn create(runtime: &Runtime, lock: &InstallLockGuard) -> Result<StagedRuntime, Error> {
        let layout = runtime
            .layout()
            .in_directory(&unique_name(STAGING, lock.version())?);
        fs_err::create_dir(&layout.version_dir)?;
        let work = layout.version_dir.join("work");
        let staged = StagedRuntime { layout, work };
        fs_err::write(staged.layout.version_dir.join(MARKER), "")?;
        fs_err::create_dir(&staged.work)?;
        Ok(staged)
    }

    /// The paths of what is being built.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// uv's private working directory; it does not become part of the runtime.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Writes the installed manifest: the last file, so that a directory that has one is complete.
    pub fn record(
        &self,
        runtime: &Runtime,
        _proven: Proven,
        assets: &AssetManifest,
        features: FeatureSet,
    ) -> Result<InstalledManifest, Error> {
        fs_err::remove_dir_all(&self.work)?;
        // uv's own lock, which everybody may write to whatever the umask; nothing changes this environment any more.
        match fs_err::remove_file(self.layout.venv_dir.join(".lock")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let manifest = InstalledManifest::of(runtime.layout(), assets, features, jiff::Timestamp::now());
        let mut file = fs_err::File::create(&self.layout.manifest_path)?;
        std::io::Write::write_all(&mut file, manifest.to_text().as_bytes())?;
        file.sync_all()?;
        files::sync_directory(&self.layout.version_dir)?;
        Ok(manifest)
    }

    /// Puts this directory into the place of the version directory.
    pub fn exchange(
        self,
        runtime: &Runtime,
        lock: &InstallLockGuard,
        log: InstallLog,
    ) -> Result<Replaced, Error> {
        log.finish(&self.layout.version_dir)?;
        runtime.begin(Step::Exchange)?;
        let place = &runtime.layout().version_dir;
        if cfg!(windows) {
            // A directory with a running program in it cannot be renamed there.
            daemon::stop_for_replacement(runtime, lock, runtime.layout())?;
        }
        let exchanged = match runtime.exchange_method() {
            ExchangeMethod::WhereSupported => {
                files::exchange(&self.layout.version_dir, place).map_err(PathError::new("replace", place))?
            }
            ExchangeMethod::TwoRenames => Exchange::Unsupported,
        };
        let replaced = match exchanged {
            Exchange::Done => self.layout.clone(),
            Exchange::Unsupported => self.rename_twice(runtime, lock)?,
        };
        // The staging's name now belongs to the old runtime, which is removed separately.
        std::mem::forget(self);
        let _ = files::sync_directory(runtime.root());
        Ok(Replaced { layout: replaced })
    }

    fn rename_twice(&self, runtime: &Runtime, lock: &InstallLockGuard) -> Result<Layout, Error> {
        let place = &runtime.layout().version_dir;
        let aside = runtime
            .layout()
            .in_directory(&unique_name(RETIRED, lock.version())?);
        files::rename(place, &aside.version_dir)?;
        let half = runtime.begin(Step::ExchangeHalfDone).map_err(Error::from);
        let renamed = half.and_then(|()| Ok(files::rename(&self.layout.version_dir, place)?));
        if let Err(error) = renamed {
            // Should this fail too, the next command finds the directory aside and does the same.
            let _ = files::rename(&aside.version_dir, place);
            return Err(error);
        }
        Ok(aside)
    }
}

impl Drop for StagedRuntime {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next command.
        let _ = fs_err::remove_dir_all(&self.layout.version_dir);
    }
}

impl Replaced {
    /// The paths of what was replaced, at its current place.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Deletes it, when it is ours. What cannot be deleted now is swept by the next command.
    pub fn remove(self) {
        remove_leftover(&self.layout.version_dir);
    }
}

/// Renames a version directory to a name under which nobody uses it, before it is deleted, so that a crash in between
/// leaves no half of a runtime. Returns its new path.
pub fn retire(runtime: &Runtime, lock: &InstallLockGuard) -> Result<PathBuf, Error> {
    let from = runtime.layout().in_directory(lock.version()).version_dir;
    let to = runtime.root().join(unique_name(REMOVING, lock.version())?);
    files::rename(&from, &to)?;
    Ok(to)
}

/// Puts back a version directory that an interrupted exchange left aside.
pub fn recover_interrupted(runtime: &Runtime, lock: &InstallLockGuard) -> Result<(), Error> {
    let place = &runtime.layout().version_dir;
    if fs_err::symlink_metadata(place).is_ok() {
        return Ok(());
    }
    let retired = leftovers(runtime, lock.version())
        .into_iter()
        .find(|leftover| leftover.retired);
    if let Some(retired) = retired {
        files::rename(&retired.path, place)?;
    }
    Ok(())
}

/// The versions of which interrupted commands left something.
pub fn versions_with_leftovers(runtime: &Runtime) -> BTreeSet<String> {
    let Ok(entries) = fs_err::read_dir(runtime.root()) else {
        return BTreeSet::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| parse_name(&name).map(|(_, version)| version.to_owned()))
        .collect()
}

/// What interrupted commands left of a version, in the order of the names.
pub fn leftovers(runtime: &Runtime, version: &str) -> Vec<Leftover> {
    let Ok(entries) = fs_err::read_dir(runtime.root()) else {
        return Vec::new();
    };
    let mut found: Vec<Leftover> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let (prefix, of) = parse_name(name.to_str()?)?;
            (of == version).then(|| Leftover {
                path: entry.path(),
                retired: prefix == RETIRED,
            })
        })
        .collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Removes what interrupted commands left of the locked version, stopping the daemons of what was replaced.
pub fn sweep(runtime: &Runtime, lock: &InstallLockGuard) {
    for leftover in leftovers(runtime, lock.version()) {
        let Some(name) = leftover.path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        // One whose daemon cannot be stopped is what records that daemon, and stays.
        if daemon::stop_for_replacement(runtime, lock, &runtime.layout().in_directory(name)).is_err() {
            continue;
        }
        remove_leftover(&leftover.path);
    }
}

fn remove_leftover(path: &Path) {
    if ownership::prove(path).is_ok() {
        let _ = remove_directory(path);
    }
}

/// Deletes a directory that was proven ours. Never follows a link. The marker goes last, so that what an interruption
/// leaves is still known as ours.
pub fn remove_directory(path: &Path) -> Result<(), Error> {
    for entry in fs_err::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARKER {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs_err::remove_dir_all(entry.path())?;
        } else {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(fs_err::remove_dir_all(path)?)
}

fn unique_name(prefix: &str, version: &str) -> Result<String, Error> {
    Ok(format!("{prefix}{version}-{}", ktx_system::random_hex::<8>()?))
}

/// The prefix and the version of a name that [`unique_name`] made.
fn parse_name(name: &str) -> Option<(&'static str, &str)> {
    let prefix = [STAGING, RETIRED, REMOVING]
        .into_iter()
        .find(|prefix| name.starts_with(prefix))?;
    let (version, unique) = name[prefix.len()..].rsplit_once('-')?;
    let is_unique = unique.len() == 16
        && unique
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_unique && !version.is_empty()).then_some((prefix, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_version() {
        for version in ["0.1.0", "0.1.0-rc.0", "1.0.0-a-0123456789abcdef"] {
            let name = unique_name(STAGING, version).expect("a name");
            assert_eq!(parse_name(&name), Some((STAGING, version)));
        }
        for name in [
            ".staging-0.1.0",
            ".staging--0123456789abcdef",
            "0.1.0",
            ".staging-0.1.0-0123456789ABCDEF",
        ] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
