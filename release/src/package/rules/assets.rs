//! The bundled Python assets: verified by the same code with which `ktx` verifies them before it installs.

use std::path::Path;

use fs_err as fs;
use ktx_manifest::package_layout::{ASSETS, UV_PIN};
use ktx_manifest::{BundledAssets, Finding, UvPin};

use crate::error::Error;
use crate::package::contents::PackageContents;
use crate::version::python_version;

/// Errors are those of the temporary folder in which the assets are laid out to be read.
pub fn findings(contents: &PackageContents, version: &semver::Version) -> Result<Vec<Finding>, Error> {
    let folder = tempfile::tempdir().map_err(Error::File)?;
    let folder = folder.path();
    let mut findings = Vec::new();
    if let Some(file) = contents.get(UV_PIN) {
        let refuse = |problem: &str, hint: &'static str| {
            let message = format!("failed to accept `{UV_PIN}`: {problem}");
            Finding::error("package-uv-pin", message).with_hint(hint)
        };
        match UvPin::parse(file.bytes) {
            Err(error) => findings.push(refuse(&error.to_string(), "run: cargo xtask lock")),
            Ok(pin) if pin.default_index.is_none() => {
                findings.push(refuse("it has no defaultIndex", "run: cargo xtask build-package"));
            }
            Ok(_) => {}
        }
    }
    for (name, file) in contents.below(ASSETS) {
        if name.contains('/') {
            findings.push(unlisted(name));
        } else {
            fs::write(folder.join(name), file.bytes).map_err(Error::File)?;
        }
    }
    let assets = match BundledAssets::load(folder) {
        Ok(assets) => assets,
        Err(error) => {
            findings.push(Finding::error(
                error.code(),
                in_package(folder, &error.to_string()),
            ));
            return Ok(findings);
        }
    };
    let manifest = assets.manifest().clone();
    let wheel = manifest.wheel().file.to_string();
    let known = |name: &str| {
        name == "manifest.json"
            || name == wheel
            || manifest
                .requirements()
                .iter()
                .any(|(_, lock)| lock.file.as_str() == name)
    };
    let strangers = contents
        .below(ASSETS)
        .filter(|(name, _)| !name.contains('/') && !known(name));
    findings.extend(strangers.map(|(name, _)| unlisted(name)));
    if python_version(version).ok().as_ref() != Some(manifest.version()) {
        let message = format!(
            "failed to accept `{ASSETS}/{wheel}`: it is version {}, which is not {version}",
            manifest.version()
        );
        findings
            .push(Finding::error("package-wheel-version", message).with_hint("run: cargo xtask build-wheel"));
    }
    if let Err(error) = assets.verify() {
        let inner = error.findings().to_vec();
        if inner.is_empty() {
            findings.push(Finding::error(
                error.code(),
                in_package(folder, &error.to_string()),
            ));
        }
        findings.extend(inner);
    }
    Ok(findings)
}

fn unlisted(name: &str) -> Finding {
    let message = format!("failed to accept `{ASSETS}/{name}`: the asset manifest does not list it");
    Finding::error("package-asset-unlisted", message)
}

/// People know the package's folder, not the temporary one.
fn in_package(folder: &Path, text: &str) -> String {
    text.replace(&folder.to_string_lossy().into_owned(), ASSETS)
}
