//! Tool sets from the npm registry, by `npm ci` from lock files without addresses.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use xshell::cmd;

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
    // npm says nothing of an optional package that it could not fetch.
    if !folder.join("node_modules/.bin").is_dir() {
        return Err(Failure::new(
            Exit::Network,
            format!("failed to install `{name}`: npm found none of its packages"),
        )
        .hint("check the registry with `npm ping`, then run: cargo xtask install-tools")
        .into());
    }
    stamp.finish()?;
    step.done("");
    Ok(())
}
