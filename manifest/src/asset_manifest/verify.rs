//! Proof that the files beside an asset manifest are the files it describes: sizes and digests first, then the wheel's
//! inside.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use pep440_rs::VersionSpecifiers;

use super::parse::has_lower_bound;
use super::{AssetError, AssetManifest, BundledAssets, BundledFile, DAEMON_SCRIPT, PYTHON_PACKAGES};
use crate::archive::Limits;
use crate::bounded;
use crate::digest::{ContentId, Sha256Digest};
use crate::locked;
use crate::wheel::{self, Wheel};
use ktx_names::{Feature, Finding};

/// Bundled assets whose every byte was checked. Only [`BundledAssets::verify`] makes one, so what installs from it
/// cannot have left the check out.
#[derive(Debug)]
pub struct VerifiedAssets {
    assets: BundledAssets,
    requirements: BTreeMap<Feature, Vec<u8>>,
}

impl BundledAssets {
    /// Reads every file that the manifest names, once, and compares size and digest; then reads the wheel strictly.
    pub fn verify(self) -> Result<VerifiedAssets, AssetError> {
        let wheel_path = self.wheel_path();
        let wheel = self.checked_wheel(&wheel_path)?;
        let files = self.manifest.requirements.iter();
        let requirements = files
            .map(|(feature, file)| Ok((feature, self.checked_requirements(file)?)))
            .collect::<Result<_, AssetError>>()?;
        self.inspected_wheel(wheel, &wheel_path)?;
        Ok(VerifiedAssets {
            assets: self,
            requirements,
        })
    }

    /// The inside of the wheel, read from the file whose digest was taken.
    fn inspected_wheel(&self, file: File, path: &Path) -> Result<(), AssetError> {
        let inspection = wheel::inspect(file, &self.manifest.wheel.file, &Limits::default());
        if inspection
            .findings
            .iter()
            .any(|finding| finding.code == wheel::METADATA_MISSING)
        {
            return Err(AssetError::WheelMetadataMissing {
                path: path.to_owned(),
            });
        }
        let findings = match &inspection.wheel {
            Some(wheel) => self.unfit(wheel)?,
            None => inspection.findings,
        };
        if findings.is_empty() {
            Ok(())
        } else {
            Err(AssetError::Wheel {
                path: path.to_owned(),
                findings,
            })
        }
    }

    /// What keeps a faultless wheel from being the one that this package bundles.
    fn unfit(&self, wheel: &Wheel) -> Result<Vec<Finding>, AssetError> {
        let text = wheel.requires_python().ok_or(AssetError::RequiresPythonMissing)?;
        let specifiers = text.parse::<VersionSpecifiers>().ok().filter(has_lower_bound);
        let specifiers = specifiers.ok_or_else(|| AssetError::RequiresPythonUnsupported {
            spec: text.to_owned(),
        })?;
        let mut findings = Vec::new();
        if specifiers != self.manifest.requires_python {
            let said = &self.manifest.requires_python;
            let message =
                format!("Requires-Python is \"{text}\", the manifest's requiresPython is \"{said}\"");
            findings.push(Finding::error("asset-requires-python-differs", message));
        }
        match wheel.console_script(DAEMON_SCRIPT) {
            None => {
                let message = format!("the wheel has no console script `{DAEMON_SCRIPT}`");
                findings.push(Finding::error("asset-daemon-script-missing", message));
            }
            Some(reference) if !wheel.holds_module_of(reference) => {
                let message =
                    format!("the console script `{DAEMON_SCRIPT}` runs {reference}, which the wheel lacks");
                findings.push(Finding::error("asset-daemon-script-broken", message));
            }
            Some(_) => {}
        }
        let found = wheel.top_level();
        if !found.iter().eq(&PYTHON_PACKAGES) {
            let found = found.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!(
                "the wheel installs {found}, expected {}",
                PYTHON_PACKAGES.join(", ")
            );
            findings.push(Finding::error("asset-packages-differ", message));
        }
        Ok(findings)
    }

    /// The wheel, opened, at its start, with the right digest.
    fn checked_wheel(&self, path: &Path) -> Result<File, AssetError> {
        let unreadable = |source| AssetError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let in_reading = |error: std::io::Error| unreadable(bounded::failure(path, error.kind(), &error));
        let expected = self.manifest.wheel.content;
        let mut file = bounded::open_regular(path).map_err(unreadable)?;
        let found = Sha256Digest::of_reader(&mut (&mut file).take(expected.bytes.saturating_add(1)));
        if found.map_err(in_reading)? != expected {
            return Err(AssetError::WheelChecksum {
                path: path.to_owned(),
            });
        }
        file.rewind().map_err(in_reading)?;
        Ok(file)
    }

    fn checked_requirements(&self, file: &BundledFile) -> Result<Vec<u8>, AssetError> {
        let path = self.requirements_path(file);
        let mismatch = || AssetError::RequirementsChecksum { path: path.clone() };
        let bytes = bounded::read_up_to(&path, file.bytes.saturating_add(1)).map_err(|source| {
            AssetError::Unreadable {
                path: path.clone(),
                source,
            }
        })?;
        let found = ContentId {
            sha256: Sha256Digest::of(&bytes),
            bytes: bytes.len() as u64,
        };
        if found == file.content() {
            Ok(bytes)
        } else {
            Err(mismatch())
        }
    }
}

impl VerifiedAssets {
    pub fn manifest(&self) -> &AssetManifest {
        self.assets.manifest()
    }

    pub fn wheel_path(&self) -> PathBuf {
        self.assets.wheel_path()
    }

    /// The locked requirements of features, as they were when their digests were checked. Those of one feature are the
    /// bytes of its lock; those of several have every pin once.
    pub fn requirements(&self, features: impl IntoIterator<Item = Feature>) -> Vec<u8> {
        let locks: Vec<&[u8]> = features
            .into_iter()
            .map(|feature| &*self.requirements[&feature])
            .collect();
        match locks[..] {
            [one] => one.to_vec(),
            _ => {
                let texts: Vec<_> = locks.into_iter().map(String::from_utf8_lossy).collect();
                locked::union(texts.iter().map(|text| &**text)).into_bytes()
            }
        }
    }
}
