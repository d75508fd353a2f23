//! The Python assets of a package: wheel, locks, and the manifest that holds them together.

use std::path::Path;

use fs_err as fs;
use ktx_manifest::asset_manifest::{ASSET_MANIFEST_FILE, BundledFile, BundledWheel, Requirements};
use ktx_manifest::{AssetManifest, ContentId, Finding, Sha256Digest, WheelFilename};

use super::{ASSETS, PackageOptions, archive_path, entry};
use crate::archive::{Collector, Content, Mode};
use crate::error::Error;
use crate::lock::{self, LockLevel, Source};
use crate::version::python_version;
use crate::wheel;

/// Wheel, locks, and the manifest that holds them together.
pub(super) fn collect(
    options: &PackageOptions,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let pyproject = options.root.join("python/pyproject.toml");
    let project = wheel::project(&pyproject)?;
    let version = python_version(&options.version)?;
    let Ok(file) = WheelFilename::new(project.name.as_dist_info_name().as_ref(), version) else {
        return Ok(());
    };
    let location = options.wheels.join(file.to_string());
    let wheel = bytes(&location, "run: cargo xtask build-wheel")?;
    let bundled = BundledWheel {
        file: file.clone(),
        content: content_id(&wheel),
    };
    let pyproject_text = fs::read_to_string(&pyproject).map_err(Error::File)?;
    let path = pyproject.to_string_lossy();
    let source = Source {
        path: &path,
        text: &pyproject_text,
    };
    let mut lock = |level| locked(options, source, level, collector, findings);
    let core = lock(LockLevel::Core)?;
    let local_embeddings = lock(LockLevel::LocalEmbeddings)?;
    let requirements = Requirements {
        core,
        local_embeddings,
    };
    match AssetManifest::new(bundled, requirements, project.requires_python) {
        Ok(manifest) => {
            let text = Content::Generated(manifest.to_text().into_bytes());
            collector.add(entry(
                &format!("{ASSETS}/{ASSET_MANIFEST_FILE}"),
                Mode::Regular,
                text,
            ));
        }
        Err(reason) => {
            let message = format!(
                "failed to describe the assets of `{}`: {reason}",
                pyproject.display()
            );
            findings.push(Finding::error("asset-manifest-invalid", message));
        }
    }
    let content = Content::Loaded {
        from: location,
        bytes: wheel,
    };
    collector.add(entry(&format!("{ASSETS}/{file}"), Mode::Regular, content));
    Ok(())
}

/// Adds a level's lock file, held against `pyproject.toml`, and describes it for the manifest.
fn locked(
    options: &PackageOptions,
    pyproject: Source<'_>,
    level: LockLevel,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<BundledFile, Error> {
    let from = options.root.join("python/locks").join(level.file_name());
    let lock = bytes(&from, "run: cargo xtask lock")?;
    let (path, text) = (from.to_string_lossy(), String::from_utf8_lossy(&lock));
    findings.extend(lock::check(
        pyproject,
        level,
        Source {
            path: &path,
            text: &text,
        },
    ));
    let ContentId { sha256, bytes } = content_id(&lock);
    let described = BundledFile {
        file: archive_path(level.file_name()),
        sha256,
        bytes,
    };
    let place = format!("{ASSETS}/{}", level.file_name());
    let content = Content::Loaded { from, bytes: lock };
    collector.add(entry(&place, Mode::Regular, content));
    Ok(described)
}

/// A file that another command makes.
fn bytes(path: &Path, hint: &str) -> Result<Vec<u8>, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::missing(path, "there is no such file", hint))
        }
        read => read.map_err(Error::File),
    }
}

fn content_id(bytes: &[u8]) -> ContentId {
    ContentId {
        sha256: Sha256Digest::of(bytes),
        bytes: bytes.len() as u64,
    }
}
