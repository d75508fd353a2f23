//! The wheel's own bill of materials: the closure of the locks that it is installed with. Its place is that of [PEP 770].
//!
//! [PEP 770]: https://peps.python.org/pep-0770/

use std::path::Path;

use fs_err as fs;
use ktx_manifest::sbom::{Component, ComponentKind, Dependency, Sbom};
use ktx_manifest::{Feature, WheelFilename};

use crate::archive::Entry;
use crate::bill::{self, Lock};
use crate::error::{Error, unless_refused};
use crate::lock::distributions;

/// Below the wheel's `.dist-info`.
pub const WHEEL_SBOM: &str = "sboms/kaelio_ktx.cdx.json";

/// The file; none for a project without locks, which no package is made from.
pub(super) fn entry(source: &Path, filename: &WheelFilename) -> Result<Option<Entry>, Error> {
    let folder = source.join("locks");
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut texts = Vec::new();
    for feature in Feature::ALL {
        let path = folder.join(feature.lock_file());
        // A missing lock is reported when a package is made.
        if path.is_file() {
            texts.push((feature, fs::read(path).map_err(Error::File)?));
        }
    }
    let locks: Vec<Lock<'_>> = texts
        .iter()
        .map(|(feature, text)| Lock {
            feature: *feature,
            text,
            distributions: distributions(&String::from_utf8_lossy(text)),
        })
        .collect();
    let mut findings = Vec::new();
    let name = |feature: Feature| feature.lock_file().to_owned();
    let mut closure = bill::closure(&locks, &bill::licenses(source)?, name, &mut findings);
    unless_refused("build a wheel from", source, findings)?;
    let purl = format!("pkg:pypi/kaelio-ktx@{}", filename.version());
    let of = Component::new(ComponentKind::Library, &purl, "kaelio-ktx")
        .of_version(filename.version())
        .licensed("Apache-2.0")
        .with_purl(&purl);
    closure.dependencies.push(Dependency {
        reference: purl,
        depends_on: locks.iter().map(|lock| name(lock.feature)).collect(),
    });
    let sbom = Sbom::new(of, closure.components, closure.dependencies);
    Ok(Some(super::of_dist_info(
        filename,
        WHEEL_SBOM,
        sbom.to_text().into_bytes(),
    )))
}
