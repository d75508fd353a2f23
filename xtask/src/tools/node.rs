//! Tool sets from the npm registry, by `npm ci` from lock files without addresses.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Platform;
use serde::Deserialize;
use xshell::cmd;

use super::Tools;
use super::stamp::Stamp;
use crate::exit::{Exit, Failure};
use crate::session::Session;

pub fn program(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    folder.join("node_modules/.bin").join(if cfg!(windows) {
        format!("{name}.cmd")
    } else {
        name.to_owned()
    })
}

/// npm as it is called on this system.
pub fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// Installs what the lock file in `source` names into `folder`.
pub fn install(session: &Session<'_>, source: &Utf8Path, folder: &Utf8Path) -> Result<()> {
    let inputs = ["package.json", "package-lock.json"].map(|name| source.join(name));
    let stamp = Stamp::of(folder, &inputs, &[])?;
    if stamp.is_current() {
        return Ok(());
    }
    let name = folder.file_name().unwrap_or_default();
    let step = session.printer.step(&format!("install tools: {name}"));
    stamp.begin(folder)?;
    for input in &inputs {
        fs::copy(input, folder.join(input.file_name().unwrap_or_default()))?;
    }
    let (sh, npm) = (session.shell()?, npm());
    sh.change_dir(folder);
    let ci = cmd!(
        sh,
        "{npm} ci --no-audit --no-fund --no-update-notifier --loglevel=error"
    );
    super::fetch(session, name, ci)?;
    if let Some(absent) = absent(folder)? {
        return Err(Failure::new(
            Exit::Network,
            format!("failed to install `{name}`: npm did not install {absent}"),
        )
        .hint("check the registry with `npm ping`, then run: cargo xtask install-tools")
        .into());
    }
    stamp.finish()?;
    step.done("");
    Ok(())
}

/// What a `package.json` of ours asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
}

fn optional(folder: &Utf8Path) -> Result<impl Iterator<Item = String>> {
    let path = folder.join("package.json");
    let manifest: Manifest =
        serde_json::from_slice(&fs::read(&path)?).with_context(|| format!("failed to read `{path}`"))?;
    Ok(manifest.optional_dependencies.into_keys())
}

/// An optional package for this machine that is not there: npm says nothing of one that it could not fetch.
fn absent(folder: &Utf8Path) -> Result<Option<String>> {
    let Some(host) = Platform::host() else {
        return Ok(None);
    };
    Ok(optional(folder)?
        .filter(|package| package.ends_with(&format!("-{host}")))
        .find(|package| !folder.join("node_modules").join(package).is_dir()))
}

/// A version of Node.js in its tool set.
pub struct NodeVersion {
    pub major: u64,
    /// None where the registry has none for the platform.
    pub program: Option<Utf8PathBuf>,
}

/// The pinned versions of Node.js, oldest first. Each is a package `node-<major>-<platform>`.
pub fn versions(tools: &Tools, platform: Platform) -> Result<Vec<NodeVersion>> {
    let mut programs = BTreeMap::new();
    for package in optional(&tools.folder)? {
        let (major, of) = package
            .strip_prefix("node-")
            .and_then(|rest| rest.split_once('-'))
            .with_context(|| format!("failed to read the version of `{package}`"))?;
        let program = programs.entry(major.parse()?).or_insert(None);
        if of == platform.as_str() {
            let bin = tools.folder.join("node_modules").join(&package).join("bin");
            *program = Some(bin.join(format!("node{}", std::env::consts::EXE_SUFFIX)));
        }
    }
    let version = |(major, program)| NodeVersion { major, program };
    Ok(programs.into_iter().map(version).collect())
}
