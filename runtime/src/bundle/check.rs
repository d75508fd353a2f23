//! Whether a bundle is one for this package: its version, its locked requirements, its pin of uv.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ktx_manifest::locked::{self, Locked};
use ktx_manifest::runtime_bundle::{BundleManifest, PlatformContents};
use ktx_manifest::{Platform, Sha256Digest, UvPin, VerifiedAssets};

use crate::install::pinned_uv;
use crate::{Error, Feature, FeatureSet, Runtime, UnknownFeature};

/// What a bundle is compared with.
pub(super) struct Package<'a> {
    version: &'a str,
    verified: &'a VerifiedAssets,
    pin: Option<UvPin>,
}

impl<'a> Package<'a> {
    pub fn of(runtime: &'a Runtime, verified: &'a VerifiedAssets) -> Package<'a> {
        Package {
            version: runtime.version(),
            verified,
            pin: pinned_uv(runtime),
        }
    }

    /// Everything that can be said before the files of a bundle are read.
    ///
    /// # Errors
    /// The first reason why the bundle is not for this package.
    pub fn fits(&self, path: &Path, manifest: &BundleManifest) -> Result<(), Error> {
        self.misfit(manifest).map_or(Ok(()), |reason| {
            Err(Error::Bundle {
                verb: "use",
                path: path.to_owned(),
                reason,
                hint: Some(format!(
                    "make one with ktx {}: ktx runtime bundle create --output FILE",
                    self.version
                )),
            })
        })
    }

    fn misfit(&self, manifest: &BundleManifest) -> Option<String> {
        if manifest.version != self.version {
            return Some(format!(
                "it is a bundle of ktx {}, and this is ktx {}",
                manifest.version, self.version
            ));
        }
        let features = match held(manifest) {
            Ok(features) => features,
            Err(UnknownFeature(name)) => {
                return Some(format!("it is for the feature `{name}`, which is unknown"));
            }
        };
        let lock = self.verified.requirements(features.iter());
        if Sha256Digest::of(&lock) != manifest.requirements {
            return Some("it was made from other locked requirements than this package carries".to_owned());
        }
        let lock = match locked::read(&String::from_utf8_lossy(&lock)) {
            Ok(lock) => lock,
            Err(error) => return Some(error.to_string()),
        };
        let mut platforms = manifest.platforms.iter();
        platforms.find_map(|(platform, contents)| {
            let uv = self.other_uv(manifest, *platform, contents);
            uv.or_else(|| other_wheels(manifest, *platform, contents, &lock))
        })
    }

    fn other_uv(
        &self,
        manifest: &BundleManifest,
        platform: Platform,
        contents: &PlatformContents,
    ) -> Option<String> {
        let pinned = self.pin.as_ref().and_then(|pin| pin.wheels.get(&platform));
        let listed = manifest.files.get(&contents.uv);
        let same = pinned.zip(listed).is_some_and(|(pinned, listed)| {
            (&*pinned.file, pinned.sha256, pinned.bytes)
                == (contents.uv.file_name(), listed.sha256, listed.bytes)
        });
        (!same).then(|| {
            format!(
                "`{}` is not the uv that this package pins for {platform}",
                contents.uv
            )
        })
    }
}

/// The features that a bundle is for.
pub(super) fn held(manifest: &BundleManifest) -> Result<FeatureSet, UnknownFeature> {
    let features = manifest.features.iter().map(|name| name.parse());
    Ok(FeatureSet::new(features.collect::<Result<Vec<Feature>, _>>()?))
}

/// A wheel that the lock does not have, two for one distribution, or a requirement of every platform without one.
fn other_wheels(
    manifest: &BundleManifest,
    platform: Platform,
    contents: &PlatformContents,
    lock: &[Locked],
) -> Option<String> {
    let mut known: BTreeMap<&str, BTreeSet<Sha256Digest>> = BTreeMap::new();
    for locked in lock {
        known.entry(&locked.name).or_default().extend(&locked.sha256);
    }
    let mut found = BTreeSet::new();
    for path in &contents.wheels {
        let name = locked::name_in_wheel(path.file_name()).unwrap_or_default();
        let listed = manifest.files.get(path);
        let is_locked =
            |digests: &BTreeSet<Sha256Digest>| listed.is_some_and(|it| digests.contains(&it.sha256));
        if !known.get(&*name).is_some_and(is_locked) {
            return Some(format!("`{path}` is not a wheel that this package's lock names"));
        }
        if !found.insert(name) {
            return Some(format!(
                "`{path}` is a second wheel of the same distribution for {platform}"
            ));
        }
    }
    let missing = lock
        .iter()
        .find(|locked| locked.everywhere && !found.contains(&locked.name));
    missing.map(|locked| format!("it has no wheel of {} for {platform}", locked.name))
}
