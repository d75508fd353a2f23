//! What the sources say about the crates in the programs: licences, digests and folders, by `cargo metadata` and
//! Cargo.lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use ktx_manifest::{Platform, Sha256Digest};
use ktx_release::bill::{self, BillSources, CrateSource};
use serde::Deserialize;
use xshell::cmd;

use crate::process::{self, OutputMode};
use crate::session::Session;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<Sha256Digest>,
}

/// The crates of Cargo.lock, if one of the programs has a list of crates that they can describe.
pub fn sources(
    session: &Session<'_>,
    programs: &BTreeMap<Platform, PathBuf>,
    revision: Option<String>,
) -> Result<BillSources> {
    let crates = match programs.values().any(|program| has_crates(program)) {
        true => locked(session)?,
        false => BTreeMap::new(),
    };
    Ok(BillSources { revision, crates })
}

/// Every crate that Cargo.lock names, for all platforms.
pub fn locked(session: &Session<'_>) -> Result<BTreeMap<(String, String), CrateSource>> {
    let sh = session.shell()?;
    let metadata = cmd!(sh, "cargo metadata --format-version 1 --locked");
    let said = process::run(session.printer, metadata, OutputMode::Kept)?;
    let metadata: Metadata =
        serde_json::from_str(&said).context("failed to read what cargo metadata says")?;
    let path = session.root()?.join("Cargo.lock");
    let lock: Lock = toml_edit::de::from_str(&fs::read_to_string(&path)?)
        .with_context(|| format!("failed to read `{path}`"))?;
    let mut digests: BTreeMap<_, _> = lock
        .package
        .into_iter()
        .map(|one| ((one.name, one.version), one.checksum))
        .collect();
    let described = |package: Package| {
        let key = (package.name, package.version);
        let source = CrateSource {
            license: package.license,
            sha256: digests.remove(&key).flatten(),
            folder: package
                .manifest_path
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
        };
        (key, source)
    };
    Ok(metadata.packages.into_iter().map(described).collect())
}

/// A program that cannot be read is the package's to report.
fn has_crates(program: &Path) -> bool {
    fs::read(program).is_ok_and(|bytes| bill::crates(&bytes).is_ok_and(|crates| !crates.is_empty()))
}
