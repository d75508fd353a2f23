//! Installing from a bundle: what this machine needs of it goes into the staging, and uv is told to look nowhere else.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ktx_manifest::runtime_bundle::{BundleManifest, BundledInterpreter, read};
use ktx_manifest::tarball::{TarEntry, TarMode};
use ktx_manifest::{ArchivePath, Platform, Sha256Digest, VerifiedAssets, json_text};
use ktx_system::files::{self, Access};

use super::{check, explain, failed, interpreter, libc, open};
use crate::install::settings::UserSettings;
use crate::install::uv::managed;
use crate::install::{FoundPython, Uv, pinned_uv};
use crate::layout::MARKER;
use crate::{Error, Feature, FeatureSet, Runtime};

/// Where the unpacked things are, below uv's working directory.
const WHEELS: &str = "wheels";
const INTERPRETER: &str = "interpreter";

/// Unpacks the wheels for this machine into `work`, uv and the interpreter to below the root where they are needed, and
/// gives a uv that installs from them, with the features that the bundle is for.
///
/// # Errors
/// When the bundle is damaged or not for this version, machine or feature; when no Python fits.
pub(crate) fn unpack(
    runtime: &Runtime,
    path: &Path,
    verified: &VerifiedAssets,
    features: &FeatureSet,
    work: &Path,
) -> Result<(Uv, FeatureSet), Error> {
    let package = check::Package::of(runtime, verified);
    let mut unpacking = Unpacking {
        runtime,
        work,
        interpreter: None,
        uv: Vec::new(),
    };
    let host = Platform::host();
    let read = read(
        open(path)?,
        |manifest| {
            package.fits(path, manifest)?;
            let held = held(manifest);
            if !held.covers(features) {
                return Err(other_feature(path, &held, features));
            }
            host.filter(|host| manifest.platforms.contains_key(host))
                .map(drop)
                .ok_or_else(|| failed("use", path, not_for_this_machine(manifest)))?;
            match host.is_some_and(|host| libc::needs_glibc(manifest, host))
                && libc::is_musl_below(Path::new("/"))
            {
                true => Err(for_glibc(path)),
                false => Ok(()),
            }
        },
        |manifest, entry, content| unpacking.take(manifest, host, entry, content),
    );
    let manifest = read.map_err(|error| explain(path, error))?;
    let uv = unpacking.uv()?;
    let contents = host.and_then(|host| manifest.platforms.get(&host));
    let settings = UserSettings::without_network(runtime.environment());
    let python = match contents.and_then(|contents| contents.interpreter.as_ref()) {
        Some(interpreter) => unpacking.place(&manifest, interpreter)?.into_os_string(),
        None => {
            let offline = uv.clone().with_settings(settings.clone(), None);
            match offline.find_python(runtime, &manifest.python, work) {
                FoundPython::At(_) => OsString::from(&manifest.python),
                FoundPython::None(_) => return Err(no_python(path, &manifest.python)),
            }
        }
    };
    Ok((uv.with_settings(settings, Some(python)), held(&manifest)))
}

/// The features of a bundle that was found to fit.
fn held(manifest: &BundleManifest) -> FeatureSet {
    check::held(manifest).unwrap_or_else(|_| FeatureSet::new([]))
}

fn other_feature(path: &Path, held: &FeatureSet, wanted: &FeatureSet) -> Error {
    let names = |features: &FeatureSet| features.named().map(Feature::name).collect::<Vec<_>>().join(", ");
    Error::Bundle {
        verb: "use",
        path: path.to_owned(),
        reason: format!(
            "it holds the requirements of {}, not those of {}",
            names(held),
            names(wanted)
        ),
        hint: Some(format!(
            "make a bundle with: ktx runtime bundle create{} --output FILE",
            wanted.flags()
        )),
    }
}

fn not_for_this_machine(manifest: &BundleManifest) -> String {
    let names: Vec<_> = manifest.platforms.keys().map(ToString::to_string).collect();
    let here = Platform::host().map_or_else(|| "another platform".to_owned(), |host| host.to_string());
    format!("it is for {}, and this machine is {here}", names.join(", "))
}

fn for_glibc(path: &Path) -> Error {
    Error::Bundle {
        verb: "use",
        path: path.to_owned(),
        reason: "its wheels are for Linux with glibc, and this machine has musl, as Alpine does".to_owned(),
        hint: Some(
            "install with a network, or on a distribution with glibc: ktx runtime install --yes".to_owned(),
        ),
    }
}

fn no_python(path: &Path, python: &str) -> Error {
    Error::Bundle {
        verb: "use",
        path: path.to_owned(),
        reason: format!("its wheels are for Python {python}, which this machine does not have"),
        hint: Some(format!(
            "install Python {python}, or make a bundle for the Python of this machine: ktx runtime bundle create --python \
             VERSION --output FILE"
        )),
    }
}

struct Unpacking<'a> {
    runtime: &'a Runtime,
    work: &'a Path,
    /// The folder of the interpreter's files in the bundle.
    interpreter: Option<String>,
    /// The wheel of uv.
    uv: Vec<u8>,
}

impl Unpacking<'_> {
    fn take(
        &mut self,
        manifest: &BundleManifest,
        host: Option<Platform>,
        entry: &TarEntry,
        content: &mut dyn Read,
    ) -> Result<(), Error> {
        self.runtime.interrupt().check()?;
        let Some((host, contents)) = host.and_then(|host| Some((host, manifest.platforms.get(&host)?)))
        else {
            return Ok(());
        };
        if contents.wheels.contains(&entry.path) {
            let target = self.work.join(WHEELS).join(entry.path.file_name());
            return save(content, &target, TarMode::Plain);
        }
        if entry.path == contents.uv {
            // Its size is that of the pin, which was compared.
            content.read_to_end(&mut self.uv)?;
            return Ok(());
        }
        let folder = BundleManifest::interpreter_folder(host);
        if let Some(path) = entry.path.as_str().strip_prefix(&folder) {
            let path: ArchivePath = path
                .parse()
                .map_err(|error| std::io::Error::other(format!("{error}")))?;
            self.interpreter = Some(folder);
            return save(content, &path.under(&self.work.join(INTERPRETER)), entry.mode);
        }
        Ok(())
    }

    /// The uv of this machine, else the one in the bundle, which stays below the root as a downloaded one does.
    fn uv(&self) -> Result<Uv, Error> {
        match Uv::find(self.runtime) {
            Err(Error::UvMissing | Error::UvTooOld { .. })
                if self.runtime.environment().variable("KTX_UV").is_none() =>
            {
                let pin = pinned_uv(self.runtime).ok_or(Error::UvMissing)?;
                let refused = |reason| Error::UvDownload {
                    version: pin.version.clone(),
                    reason,
                };
                let program = managed::take_program(&self.uv, &pin.version).map_err(refused)?;
                let path = managed::folder(self.runtime)
                    .join(&pin.version)
                    .join(managed::program_name());
                files::write(&path, &program, Access::Executable)?;
                Uv::at(self.runtime, path)
            }
            found => found,
        }
    }

    /// Moves the unpacked interpreter to below the root, unless this very one is there, and gives its program.
    fn place(&self, manifest: &BundleManifest, interpreter: &BundledInterpreter) -> Result<PathBuf, Error> {
        let unpacked = self.work.join(INTERPRETER);
        for (link, target) in &interpreter.links {
            make_link(target.as_str(), &link.under(&unpacked))?;
        }
        fs_err::write(unpacked.join(MARKER), "")?;
        let folder = self.interpreter.as_deref().unwrap_or_default();
        let files = manifest
            .files
            .iter()
            .filter(|(path, _)| path.as_str().starts_with(folder));
        let identity = Sha256Digest::of(json_text(&(interpreter, files.collect::<Vec<_>>()))).to_string();
        let place =
            interpreter::folder(self.runtime).join(format!("{}-{}", interpreter.name, &identity[..16]));
        fs_err::create_dir_all(interpreter::folder(self.runtime))?;
        // The old one may have been changed, and is the same to those who use it.
        match fs_err::rename(&unpacked, &place) {
            Ok(()) => {}
            Err(_) if place.is_dir() => {
                let aside = self.work.join("replaced");
                fs_err::rename(&place, &aside)?;
                fs_err::rename(&unpacked, &place)?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(interpreter.program.under(&place))
    }
}

fn save(content: &mut dyn Read, target: &Path, mode: TarMode) -> Result<(), Error> {
    if let Some(folder) = target.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = permitted(&mut options, mode).open(target)?;
    std::io::copy(content, &mut file)?;
    Ok(file.flush()?)
}

#[cfg(unix)]
fn permitted(options: &mut fs_err::OpenOptions, mode: TarMode) -> &mut fs_err::OpenOptions {
    use fs_err::os::unix::fs::OpenOptionsExt;

    options.mode(match mode {
        TarMode::Executable => 0o700,
        TarMode::Plain => 0o600,
    })
}

#[cfg(not(unix))]
fn permitted(options: &mut fs_err::OpenOptions, _mode: TarMode) -> &mut fs_err::OpenOptions {
    options
}

#[cfg(unix)]
fn make_link(target: &str, link: &Path) -> Result<(), Error> {
    Ok(fs_err::os::unix::fs::symlink(target, link)?)
}

/// Without links, the file itself.
#[cfg(not(unix))]
fn make_link(target: &str, link: &Path) -> Result<(), Error> {
    let beside = link.parent().unwrap_or(link).join(target);
    fs_err::copy(beside, link)?;
    Ok(())
}
