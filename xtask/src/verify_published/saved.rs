//! A version as files that somebody saved, for a machine without a network.

use anyhow::Result;
use camino::Utf8Path;
use fs_err as fs;
use ktx_announce::published::{Published, Trust, saved};
use ktx_inspect::Package;
use ktx_names::NPM_PACKAGE;
use serde::Deserialize;

use crate::exit::{Exit, Failure};

/// What `package.json` says.
#[derive(Deserialize)]
struct Named {
    name: String,
    version: String,
}

pub fn read(
    tarball: &Utf8Path,
    bundle: Option<&Utf8Path>,
    asked: &Option<String>,
    trust: &Trust,
) -> Result<Published> {
    let unusable = |error: std::io::Error| Failure::new(Exit::Usage, error.to_string());
    let bytes = fs::read(tarball)
        .map_err(|error| unusable(error).hint(format!("npm pack {NPM_PACKAGE}@VERSION saves a tarball")))?;
    let attestations = bundle.map(fs::read_to_string).transpose();
    let attestations = attestations.map_err(|error| {
        unusable(error).hint("pass a Sigstore bundle, or what the registry answered about the attestations")
    })?;
    let Named { name, version } = named(&bytes).map_err(|cause| {
        Failure::new(Exit::Integrity, format!("failed to read `{tarball}`: {cause}"))
            .hint("do not install it; fetch it again")
    })?;
    if name != NPM_PACKAGE || asked.as_ref().is_some_and(|asked| *asked != version) {
        let asked = asked
            .as_deref()
            .map(|asked| format!("@{asked}"))
            .unwrap_or_default();
        let message = format!("`{tarball}` is {name}@{version}, not {NPM_PACKAGE}{asked}");
        return Err(Failure::new(Exit::Usage, message)
            .hint("pass the tarball of that version, or no version")
            .into());
    }
    Ok(saved(version, bytes, attestations, None, trust))
}

fn named(bytes: &[u8]) -> Result<Named, String> {
    let package = Package::read(bytes).map_err(|error| error.to_string())?;
    let manifest = package
        .files
        .get("package.json")
        .ok_or("there is no package.json in it")?;
    serde_json::from_slice(&manifest.content).map_err(|error| format!("package.json: {error}"))
}
