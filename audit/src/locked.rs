//! The lock files of the repository: what each pins, and what in it does not come from the registry with a digest.

use std::collections::BTreeMap;

use ktx_manifest::locked;
use serde::Deserialize;

use crate::ecosystem::Ecosystem;

/// A package that a lock pins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedPackage {
    pub ecosystem: Ecosystem,
    /// As the ecosystem compares names.
    pub name: String,
    pub version: String,
    /// The path of the lock, relative to the root of the repository.
    pub lock: String,
    /// Why its bytes are not pinned, or not those of the registry.
    pub fault: Option<String>,
}

/// A lock that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read `{lock}`: {cause}")]
pub struct LockError {
    pub lock: String,
    pub cause: String,
}

impl LockError {
    fn new(lock: &str, cause: impl ToString) -> Self {
        Self {
            lock: lock.to_owned(),
            cause: cause.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct CargoLock {
    #[serde(default)]
    package: Vec<CargoPackage>,
}

#[derive(Deserialize)]
struct CargoPackage {
    name: String,
    version: String,
    /// A crate of the workspace has none.
    source: Option<String>,
    checksum: Option<String>,
}

/// The source of a crate that comes from the registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The crates of a Cargo.lock, without those of the workspace.
///
/// <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>
pub fn cargo_lock(lock: &str, text: &str) -> Result<Vec<LockedPackage>, LockError> {
    let parsed: CargoLock = toml_edit::de::from_str(text).map_err(|error| LockError::new(lock, error))?;
    let foreign = parsed
        .package
        .into_iter()
        .filter(|package| package.source.is_some());
    let described = |package: CargoPackage| LockedPackage {
        fault: match (package.source.as_deref(), &package.checksum) {
            (Some(REGISTRY), Some(_)) => None,
            (Some(REGISTRY), None) => Some("it has no checksum".to_owned()),
            (source, _) => Some(format!("it comes from {}", source.unwrap_or_default())),
        },
        ecosystem: Ecosystem::Crates,
        name: package.name,
        version: package.version,
        lock: lock.to_owned(),
    };
    Ok(foreign.map(described).collect())
}

/// The one crate of a file in `xtask/tools` that pins a crate: name, version and digest on a line.
pub fn crate_pin(lock: &str, text: &str) -> Result<Vec<LockedPackage>, LockError> {
    let line = text
        .lines()
        .find(|line| !line.starts_with('#'))
        .unwrap_or_default();
    let mut words = line.split(' ');
    let (Some(name), Some(version), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Err(LockError::new(
            lock,
            "expected a name, a version and a digest on one line",
        ));
    };
    Ok(vec![LockedPackage {
        ecosystem: Ecosystem::Crates,
        name: name.to_owned(),
        version: version.to_owned(),
        lock: lock.to_owned(),
        fault: None,
    }])
}

/// The distributions of a requirements file; every line has to be a pin with digests.
pub fn requirements(lock: &str, text: &str) -> Result<Vec<LockedPackage>, LockError> {
    let pins = locked::read(text).map_err(|error| LockError::new(lock, error))?;
    let described = |pin: locked::Locked| LockedPackage {
        ecosystem: Ecosystem::Python,
        name: pin.name,
        version: pin.version,
        lock: lock.to_owned(),
        fault: None,
    };
    Ok(pins.into_iter().map(described).collect())
}

#[derive(Deserialize)]
struct PackageLock {
    packages: BTreeMap<String, NpmPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NpmPackage {
    /// The real name of a package that is installed under another.
    name: Option<String>,
    version: Option<String>,
    integrity: Option<String>,
    resolved: Option<String>,
    /// Comes inside the archive of another.
    #[serde(default)]
    in_bundle: bool,
}

/// The packages of a package-lock.json.
///
/// <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>
pub fn package_lock(lock: &str, text: &str) -> Result<Vec<LockedPackage>, LockError> {
    let parsed: PackageLock = serde_json::from_str(text).map_err(|error| LockError::new(lock, error))?;
    // The empty path is the project itself.
    let installed = parsed.packages.into_iter().filter(|(path, _)| !path.is_empty());
    let described = |(path, package): (String, NpmPackage)| {
        let folder = path.rsplit("node_modules/").next().unwrap_or_default();
        LockedPackage {
            fault: match (&package.resolved, &package.integrity) {
                (Some(address), _) if !address.starts_with("https://") => {
                    Some(format!("it comes from {address}"))
                }
                (_, None) if !package.in_bundle => Some("it has no integrity".to_owned()),
                _ => None,
            },
            ecosystem: Ecosystem::Npm,
            name: package.name.unwrap_or_else(|| folder.to_owned()),
            version: package.version.unwrap_or_default(),
            lock: lock.to_owned(),
        }
    };
    Ok(installed.map(described).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(packages: Result<Vec<LockedPackage>, LockError>) -> Vec<String> {
        let packages = packages.expect("a lock");
        let line = |package: LockedPackage| {
            let fault = package.fault.map(|fault| format!(": {fault}"));
            format!(
                "{} {}{}",
                package.name,
                package.version,
                fault.unwrap_or_default()
            )
        };
        packages.into_iter().map(line).collect()
    }

    #[test]
    fn crates_come_from_the_registry_with_a_checksum() {
        let text = format!(
            r#"
            version = 4
            [[package]]
            name = "ktx"
            version = "0.1.0"
            [[package]]
            name = "good"
            version = "1.0.0"
            source = "{REGISTRY}"
            checksum = "00"
            [[package]]
            name = "bare"
            version = "1.0.0"
            source = "{REGISTRY}"
            [[package]]
            name = "git"
            version = "1.0.0"
            source = "git+https://git.example/left#c0ffee"
            [[package]]
            name = "other"
            version = "1.0.0"
            source = "registry+https://other.example/index"
            checksum = "00"
            "#
        );
        assert_eq!(
            shown(cargo_lock("Cargo.lock", &text)),
            [
                "good 1.0.0",
                "bare 1.0.0: it has no checksum",
                "git 1.0.0: it comes from git+https://git.example/left#c0ffee",
                "other 1.0.0: it comes from registry+https://other.example/index",
            ]
        );
    }

    #[test]
    fn npm_packages_have_an_integrity_and_their_real_name() {
        let text = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "tools"},
            "node_modules/@scope/one": {"version": "1.0.0", "integrity": "sha512-x"},
            "node_modules/@scope/one/node_modules/two": {"version": "2.0.0", "integrity": "sha512-x"},
            "node_modules/alias": {"name": "three", "version": "3.0.0", "integrity": "sha512-x"},
            "node_modules/bare": {"version": "4.0.0"},
            "node_modules/inside": {"version": "5.0.0", "inBundle": true},
            "node_modules/git": {"version": "6.0.0", "resolved": "git+ssh://git.example/six.git", "integrity": "sha512-x"},
            "node_modules/near": {"resolved": "../near", "link": true}
        }}"#;
        assert_eq!(
            shown(package_lock("package-lock.json", text)),
            [
                "@scope/one 1.0.0",
                "two 2.0.0",
                "three 3.0.0",
                "bare 4.0.0: it has no integrity",
                "git 6.0.0: it comes from git+ssh://git.example/six.git",
                "inside 5.0.0",
                "near : it comes from ../near",
            ]
        );
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_named() {
        let unpinned = requirements("python/locks/core.txt", "left>=1.0\n").expect_err("not pinned");
        assert_eq!(
            unpinned.to_string(),
            "failed to read `python/locks/core.txt`: `left>=1.0` is not a pinned requirement with SHA-256 digests"
        );
        for error in [
            cargo_lock("a", "package = 1"),
            package_lock("a", "{}"),
            package_lock("a", ""),
            crate_pin("a", "left 1.0.0"),
            crate_pin("a", "# nothing"),
        ] {
            let text = error.expect_err("it is not a lock").to_string();
            assert!(text.starts_with("failed to read `a`: "), "{text}");
        }
    }
}
