//! The Python assets of a package: wheel, locks, and the manifest that holds them together.

use fs_err as fs;
use ktx_manifest::asset_manifest::{ASSET_MANIFEST_FILE, BundledFile, BundledWheel, Requirements};
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::{AssetManifest, ContentId, Feature, Finding};

use super::{PackageOptions, archive_path};
use crate::archive::{Collector, Entry, Mode};
use crate::error::Error;
use crate::lock::{self, Source};

/// Adds wheel, locks, and the manifest that holds them together. Returns what is wrong with locks that have to be made
/// again.
pub(super) fn collect(
    options: &PackageOptions,
    collector: &mut Collector,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Finding>, Error> {
    let wheel = &options.wheel;
    let bundled = BundledWheel {
        file: wheel.filename.clone(),
        content: wheel.content,
    };
    findings.extend(lock::strays(&options.root)?);
    findings.extend(lock::unmatched(&options.project));
    let (mut locks, mut stale) = (Vec::new(), Vec::new());
    let requirements = Requirements::of_each(|feature| {
        let (file, text) = locked(options, feature, collector, &mut stale)?;
        locks.push((feature, text));
        Ok::<_, Error>(file)
    })?;
    stale.extend(lock::clashes(&locks));
    match AssetManifest::new(bundled, requirements, options.project.requires_python.clone()) {
        Ok(manifest) => {
            collector.add(asset(ASSET_MANIFEST_FILE, manifest.to_text()));
        }
        Err(reason) => {
            let message = format!(
                "failed to describe the assets of `{}`: {reason}",
                options.project.path.display()
            );
            findings.push(Finding::error("asset-manifest-invalid", message));
        }
    }
    collector.add(asset(&wheel.filename.to_string(), wheel.bytes.clone()));
    Ok(stale)
}

/// Adds a feature's lock file, held against `pyproject.toml`, and describes it for the manifest.
fn locked(
    options: &PackageOptions,
    feature: Feature,
    collector: &mut Collector,
    stale: &mut Vec<Finding>,
) -> Result<(BundledFile, String), Error> {
    let from = options.root.join(lock::FOLDER).join(feature.lock_file());
    let lock = match fs::read(&from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::missing(
                from,
                "there is no such file",
                "run: cargo xtask lock",
            ));
        }
        read => read.map_err(Error::File)?,
    };
    let (path, text) = (
        from.to_string_lossy(),
        String::from_utf8_lossy(&lock).into_owned(),
    );
    stale.extend(lock::check(
        &options.project,
        feature,
        Source {
            path: &path,
            text: &text,
        },
    ));
    let ContentId { sha256, bytes } = ContentId::of(&lock);
    let described = BundledFile {
        file: archive_path(feature.lock_file()),
        sha256,
        bytes,
    };
    collector.add(Entry {
        from: Some(from),
        ..asset(feature.lock_file(), lock)
    });
    Ok((described, text))
}

fn asset(name: &str, bytes: impl Into<Vec<u8>>) -> Entry {
    Entry::generated(archive_path(&format!("{ASSETS}/{name}")), Mode::Regular, bytes)
}
