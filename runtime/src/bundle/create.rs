//! Making a bundle: uv and the locked wheels of each platform from the user's index, each compared with the digest that
//! the package has for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use ktx_manifest::locked::{self, Locked};
use ktx_manifest::runtime_bundle::{BundleManifest, BundleParts, PlatformContents, is_python};
use ktx_manifest::{ArchivePath, Platform, Sha256Digest, UvPin};
use ktx_system::files::{self, Access, NewFile};
use url::Url;

use super::resolve::{FoundWheel, Place};
use super::{BundleReport, BundleRequest, failed, interpreter, resolve, write};
use crate::install::settings::UserSettings;
use crate::install::uv::{index, managed};
use crate::install::{Uv, pinned_uv};
use crate::observer::{Event, Step};
use crate::{Error, Runtime, assets};

/// PyTorch's wheels for CUDA have about 1 GB.
const MAX_WHEEL_BYTES: u64 = 6 << 30;
/// A connection that breaks in the middle of gigabytes is common.
const ATTEMPTS: usize = 3;

impl Runtime {
    /// Makes a bundle and reads it back.
    ///
    /// # Errors
    /// When the package pins no uv, when a wheel cannot be had or is another one than the lock says, when the file cannot be
    /// written, on a signal. What was at the path stays then.
    pub fn create_bundle(&self, request: &BundleRequest) -> Result<BundleReport, Error> {
        let created = self.create(request);
        self.observer().observe(&Event::Finished);
        created
    }

    fn create(&self, request: &BundleRequest) -> Result<BundleReport, Error> {
        let path = std::path::absolute(&request.output).map_err(Error::Io)?;
        let cannot = |reason: String| failed("create", &path, reason);
        let verified = assets::load(self.layout())?.verify()?;
        if !is_python(&request.python) {
            return Err(cannot(format!(
                "`{}` is not a version of Python such as 3.13",
                request.python
            )));
        }
        let pin = pinned_uv(self).ok_or_else(|| cannot("this package pins no uv".to_owned()))?;
        let host = Platform::host().ok_or_else(|| cannot("ktx does not support this platform".to_owned()))?;
        let platforms: BTreeSet<Platform> = match &*request.platforms {
            [] => [host].into(),
            named => named.iter().copied().collect(),
        };
        let mut file = NewFile::create(&path, Access::Readable)?;
        // Beside the bundle, where there is room for its content.
        let folder = path.parent().unwrap_or(Path::new("."));
        let downloads = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(folder)
            .map_err(Error::Io)?;
        let mut draft = Draft {
            runtime: self,
            path: &path,
            downloads: downloads.path(),
            files: BTreeMap::new(),
        };
        let uvs = draft.uvs(&pin, &platforms, host)?;
        // A program runs from here; the folder of the bundle may be on a disk that forbids it.
        let work = tempfile::tempdir().map_err(Error::Io)?;
        let uv = draft.pinned(&pin, host, work.path())?;
        let lock = verified.requirements(request.features.iter());
        fs_err::write(work.path().join("requirements.txt"), &lock)?;
        let locked =
            locked::read(&String::from_utf8_lossy(&lock)).map_err(|error| cannot(error.to_string()))?;
        let mut contents = BTreeMap::new();
        for platform in platforms {
            let wheels = draft.wheels(&uv, work.path(), platform, &request.python, &locked)?;
            let interpreter = match platform == host {
                true => draft.interpreter(&uv, work.path(), platform, &request.python)?,
                false => None,
            };
            let uv = uvs[&platform].clone();
            contents.insert(
                platform,
                PlatformContents {
                    uv,
                    wheels,
                    interpreter,
                },
            );
        }
        self.begin(Step::WriteBundle)?;
        let manifest = draft.manifest(request, &lock, contents)?;
        write::archive(&mut file, &manifest, &draft.files, self.interrupt()).map_err(|error| {
            match self.interrupt().check() {
                Err(interrupted) => interrupted.into(),
                Ok(()) => cannot(error.to_string()),
            }
        })?;
        file.flush().map_err(|error| cannot(error.to_string()))?;
        let report = self.verify_bundle(file.unfinished_path())?;
        file.commit()?;
        Ok(BundleReport { path, ..report })
    }
}

/// What was collected so far.
struct Draft<'a> {
    runtime: &'a Runtime,
    path: &'a Path,
    downloads: &'a Path,
    files: BTreeMap<ArchivePath, PathBuf>,
}

impl Draft<'_> {
    /// The pinned wheels of uv, for the platforms and for this machine, which has to run one.
    fn uvs(
        &mut self,
        pin: &UvPin,
        platforms: &BTreeSet<Platform>,
        host: Platform,
    ) -> Result<BTreeMap<Platform, ArchivePath>, Error> {
        self.runtime.begin(Step::DownloadWheels)?;
        let mut found = BTreeMap::new();
        for platform in platforms.iter().copied().chain([host]) {
            let wheel = &pin.wheels[&platform];
            let target = self.downloads.join(&wheel.file);
            if !target.exists() {
                self.runtime.observer().observe(&Event::Output(&wheel.file));
                let bytes = managed::download(self.runtime, wheel, pin.default_index.as_deref())?;
                let bytes = bytes.map_err(|reason| Error::UvDownload {
                    version: pin.version.clone(),
                    reason,
                })?;
                fs_err::write(&target, bytes)?;
            }
            if platforms.contains(&platform) {
                let path = self.archive_path(&format!("uv/{}", wheel.file))?;
                self.files.insert(path.clone(), target);
                found.insert(platform, path);
            }
        }
        Ok(found)
    }

    /// The uv of this machine's wheel, ready to run.
    fn pinned(&self, pin: &UvPin, host: Platform, work: &Path) -> Result<Uv, Error> {
        let wheel = fs_err::read(self.downloads.join(&pin.wheels[&host].file))?;
        let program = managed::take_program(&wheel, &pin.version).map_err(|reason| self.cannot(reason))?;
        let path = work.join("bin").join(managed::program_name());
        files::write(&path, &program, Access::Executable)?;
        Uv::at(self.runtime, path)
    }

    fn wheels(
        &mut self,
        uv: &Uv,
        work: &Path,
        platform: Platform,
        python: &str,
        locked: &[Locked],
    ) -> Result<BTreeSet<ArchivePath>, Error> {
        self.runtime.begin(Step::ResolveWheels)?;
        let found = resolve::wheels(self.runtime, uv, work, platform, python)?;
        let found =
            found.map_err(|reason| self.cannot(format!("for {platform} with Python {python}: {reason}")))?;
        self.runtime.begin(Step::DownloadWheels)?;
        let mut wheels = BTreeSet::new();
        for wheel in found {
            let path = self.archive_path(&format!("wheels/{}", wheel.file))?;
            if !self.files.contains_key(&path) {
                self.runtime.observer().observe(&Event::Output(&wheel.file));
                let target = self.fetch(&wheel, locked)?;
                self.files.insert(path.clone(), target);
            }
            wheels.insert(path);
        }
        Ok(wheels)
    }

    /// The wheel in a file of its own, with a digest that the lock has for it.
    fn fetch(&self, wheel: &FoundWheel, locked: &[Locked]) -> Result<PathBuf, Error> {
        let target = self.downloads.join(self.archive_path(&wheel.file)?.file_name());
        match &wheel.place {
            Place::Local(path) => drop(fs_err::copy(path, &target)?),
            Place::At(address) => self.download(address, &target)?,
        }
        let name = locked::name_in_wheel(&wheel.file).unwrap_or_default();
        let digest = Sha256Digest::of_file(&target).map_err(Error::Io)?.sha256;
        let is_locked = locked
            .iter()
            .any(|it| it.name == name && it.sha256.contains(&digest));
        if is_locked {
            return Ok(target);
        }
        Err(self.cannot(format!(
            "`{}` is not a file that the package's lock names; the index or a proxy has another one",
            wheel.file
        )))
    }

    fn download(&self, address: &Url, target: &Path) -> Result<(), Error> {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let environment = self.runtime.environment().clone();
            let (address, target) = (address.clone(), target.to_owned());
            let answer = managed::in_its_own_thread(self.runtime, move || {
                let settings = UserSettings::of(&environment);
                let mut output = fs_err::File::create(&target).map_err(|error| error.to_string())?;
                let saved = index::save(&settings, &environment, &address, MAX_WHEEL_BYTES, &mut output);
                saved.map_err(|reason| settings.redaction(&environment).apply(&reason))
            })?;
            match answer {
                Ok(()) => return Ok(()),
                Err(why) => reason = why,
            }
        }
        let file = address.path().rsplit('/').next().unwrap_or_default();
        Err(self.cannot(format!("`{file}` cannot be downloaded: {reason}")))
    }

    fn interpreter(
        &mut self,
        uv: &Uv,
        work: &Path,
        platform: Platform,
        python: &str,
    ) -> Result<Option<ktx_manifest::runtime_bundle::BundledInterpreter>, Error> {
        let Some(managed) = interpreter::managed(self.runtime, uv, python, work)? else {
            return Ok(None);
        };
        let folder = BundleManifest::interpreter_folder(platform);
        for (path, source) in managed.files {
            let path = self.archive_path(&format!("{folder}{path}"))?;
            self.files.insert(path, source);
        }
        Ok(Some(managed.interpreter))
    }

    fn manifest(
        &self,
        request: &BundleRequest,
        lock: &[u8],
        platforms: BTreeMap<Platform, PlatformContents>,
    ) -> Result<BundleManifest, Error> {
        let mut files = BTreeMap::new();
        for (path, source) in &self.files {
            self.runtime.interrupt().check()?;
            files.insert(
                path.clone(),
                Sha256Digest::of_file(source).map_err(Error::Io)?.into(),
            );
        }
        let parts = BundleParts {
            version: self.runtime.version().to_owned(),
            features: request
                .features
                .iter()
                .map(|feature| feature.name().to_owned())
                .collect(),
            python: request.python.clone(),
            requirements: Sha256Digest::of(lock),
            platforms,
            files,
        };
        BundleManifest::new(parts).map_err(|error| self.cannot(error.to_string()))
    }

    fn archive_path(&self, path: &str) -> Result<ArchivePath, Error> {
        path.parse().map_err(|error| self.cannot(format!("{error}")))
    }

    fn cannot(&self, reason: String) -> Error {
        failed("create", self.path, reason)
    }
}
