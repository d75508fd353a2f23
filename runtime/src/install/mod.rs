//! Installing: the whole version directory is built beside its place, proven, and exchanged for what was there.
//!
//! Until the exchange nothing that works is touched; after it the old runtime's daemon is stopped and the old directory
//! removed. Each state that a crash can leave is repaired by the next command that takes the install lock.

mod environment;
mod log;
mod logged;
mod netrc;
mod prove;
mod recorded_files;
pub(crate) mod settings;
mod settings_files;
mod staging;
pub(crate) mod uv;

use std::path::Path;
use std::time::Duration;

use ktx_manifest::VerifiedAssets;

use ktx_system::files;

use crate::installed::{InstalledManifest, Recorded};
use crate::locks::{InstallLockGuard, Patience};
use crate::observer::{Event, Step};
use crate::{Error, FeatureSet, Runtime, assets, bundle, daemon, ownership};

use self::log::InstallLog;
use self::prove::Proof;
pub use self::recorded_files::{Depth, deviations};
pub(crate) use self::settings::is_network_setting;
use self::staging::StagedRuntime;
pub(crate) use self::staging::{
    Leftover, leftovers, recover_interrupted, remove_directory, retire, sweep, versions_with_leftovers,
};
pub(crate) use self::uv::managed::pin as pinned_uv;
pub(crate) use self::uv::unused as unused_uvs;
pub use self::uv::{FoundPython, Uv};

/// What to install.
#[derive(Clone, Debug)]
pub struct InstallRequest {
    pub features: FeatureSet,
    pub mode: InstallMode,
}

/// Whether a runtime that is ready is installed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallMode {
    IfNeeded,
    Always,
}

/// What was done, and what is there now.
#[derive(Clone, Debug)]
pub struct InstallReport {
    pub outcome: InstallOutcome,
    pub manifest: InstalledManifest,
}

/// Whether anything was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallOutcome {
    Installed,
    Reused,
}

/// Where uv and the wheels come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Index,
    Bundle(&'a Path),
}

impl Runtime {
    /// Makes the runtime ready for the features.
    ///
    /// # Errors
    /// When the bundled assets are damaged, uv is missing or fails, the lock cannot be had, or on a signal. What was
    /// ready before is ready afterwards.
    pub fn install(&self, request: &InstallRequest) -> Result<InstallReport, Error> {
        let outcome = self.install_or_reuse(request, Source::Index);
        self.observer().observe(&Event::Finished);
        outcome
    }

    /// The same from a bundle, without a network, with at least the features that the bundle holds.
    ///
    /// # Errors
    /// As [`Runtime::install`]; when the bundle is damaged or is not for this version and machine.
    pub fn install_from(&self, request: &InstallRequest, bundle: &Path) -> Result<InstallReport, Error> {
        let outcome = self.install_or_reuse(request, Source::Bundle(bundle));
        self.observer().observe(&Event::Finished);
        outcome
    }

    fn install_or_reuse(&self, request: &InstallRequest, source: Source<'_>) -> Result<InstallReport, Error> {
        self.require_trusted_root()?;
        let verified = assets::load(self.layout())?.verify()?;
        if let Some(reused) = self.reusable(request) {
            self.sweep_leftovers();
            return Ok(reused);
        }
        let lock = self.lock_install(self.version(), Patience::Bounded)?;
        recover_interrupted(self, &lock)?;
        // The process that held the lock may have done the work.
        if let Some(reused) = self.reusable(request) {
            return Ok(reused);
        }
        let manifest = self.build(&lock, &verified, request, source)?;
        Ok(InstallReport {
            outcome: InstallOutcome::Installed,
            manifest,
        })
    }

    fn reusable(&self, request: &InstallRequest) -> Option<InstallReport> {
        let status = self.status();
        if request.mode == InstallMode::Always
            || !status.is_ready_for(&request.features)
            || self.damage().is_some()
        {
            return None;
        }
        let manifest = status.manifest?;
        Some(InstallReport {
            outcome: InstallOutcome::Reused,
            manifest,
        })
    }

    fn build(
        &self,
        lock: &InstallLockGuard,
        verified: &VerifiedAssets,
        request: &InstallRequest,
        source: Source<'_>,
    ) -> Result<InstalledManifest, Error> {
        let layout = self.layout();
        if layout.version_dir.to_str().is_none() {
            return Err(Error::RootNotUtf8 {
                path: layout.runtime_root.clone(),
            });
        }
        if files::forbids_programs(&layout.runtime_root) {
            return Err(Error::RootNotExecutable {
                path: layout.runtime_root.clone(),
            });
        }
        ownership::prove(&layout.version_dir).map_err(|ownership::Foreign(reason)| Error::NotOurs {
            path: layout.version_dir.clone(),
            reason,
        })?;
        let mut features = request.features.union(&self.recorded_features());
        let (uv, mut staged) = match source {
            Source::Index => {
                self.begin(Step::FindUv)?;
                let uv = Uv::obtain(self)?;
                sweep(self, lock);
                (uv, StagedRuntime::create(self, lock)?)
            }
            Source::Bundle(path) => {
                self.begin(Step::Unpack)?;
                sweep(self, lock);
                let staged = StagedRuntime::create(self, lock)?;
                let (uv, held) = bundle::unpack(self, path, verified, &features, staged.work())?;
                features = features.union(&held);
                (uv, staged)
            }
        };
        let mut log = InstallLog::begin(layout, self.environment())?;
        let mut proof = self.fill(&uv, &staged, verified, &features, &mut log);
        if let (Ok(Proof::Deviates(_)), Source::Index) = (&proof, source) {
            // What was copied from uv's cache may have been changed there.
            log.line("installing again without uv's cache");
            staged = StagedRuntime::create(self, lock)?;
            proof = self.fill(&uv.without_cache(), &staged, verified, &features, &mut log);
        }
        let manifest = proof.and_then(|proof| match proof {
            Proof::Proven(proven) => {
                self.begin(Step::WriteManifest)?;
                staged.record(self, proven, verified.manifest(), features)
            }
            Proof::Deviates(error) => Err(error),
        });
        let manifest = manifest.map_err(|error| log.explain(error))?;
        let replaced = staged.exchange(self, lock, log)?;
        self.observer()
            .observe(&crate::observer::Event::Step(Step::CleanUp));
        // From here on the new runtime is ready: what fails now is swept by the next command.
        // When its daemon cannot be stopped the old directory stays, since it is what records that daemon.
        if daemon::stop_for_replacement(self, lock, replaced.layout()).is_ok() {
            replaced.remove();
        }
        Ok(manifest)
    }

    fn fill(
        &self,
        uv: &Uv,
        staged: &StagedRuntime,
        verified: &VerifiedAssets,
        features: &FeatureSet,
        log: &mut InstallLog,
    ) -> Result<Proof, Error> {
        uv.populate(self, staged, verified, features, log)?;
        self.begin(Step::Prove)?;
        prove::prove(self, staged.layout(), staged.work(), verified.manifest(), log)
    }

    /// Removes what killed commands left, unless another one works right now.
    fn sweep_leftovers(&self) {
        if !leftovers(self, self.version()).is_empty()
            && let Ok(lock) = self.lock_install(self.version(), Patience::AtMost(Duration::ZERO))
        {
            sweep(self, &lock);
        }
    }

    /// Repairing keeps what was there.
    fn recorded_features(&self) -> FeatureSet {
        match InstalledManifest::read(&self.layout().manifest_path) {
            Recorded::Manifest(manifest) => manifest.features,
            Recorded::Missing | Recorded::Invalid(_) => FeatureSet::new([]),
        }
    }
}
