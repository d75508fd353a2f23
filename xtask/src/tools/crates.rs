//! Tool sets from the Rust registry: `cargo install` of one crate, with the lock file that is in it.

use std::process::Command;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_manifest::Sha256Digest;

use super::stamp::Stamp;
use crate::exit::{Exit, Failure};
use crate::programs;
use crate::session::Session;

/// A line of the pins: what is installed.
struct Pin {
    name: String,
    version: String,
    /// Of the crate as the registry serves it.
    sha256: Sha256Digest,
}

pub fn program(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    folder
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Installs the crate that `pins` names into `folder`.
pub fn install(session: &Session<'_>, pins: &Utf8Path, folder: &Utf8Path) -> Result<()> {
    let stamp = Stamp::of(folder, &[pins.to_owned()], &[])?;
    if stamp.is_current() {
        return Ok(());
    }
    let pin = Pin::read(pins)?;
    let step = session.printer.long_step(&format!("install tools: {}", pin.name));
    stamp.begin(folder)?;
    let mut cargo = Command::new("cargo");
    // Without optimisation it is built in a third of the time, and it runs for milliseconds.
    cargo
        .args([
            "install",
            "--quiet",
            "--locked",
            "--debug",
            "--no-track",
            // What sends programs to Apple has a hundred crates of its own; cargo-auditable has no features.
            "--no-default-features",
            "--version",
        ])
        .arg(format!("={}", pin.version))
        .arg("--root")
        .arg(folder)
        .arg(&pin.name);
    for variable in ["RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        cargo.env_remove(variable);
    }
    super::fetch(session, &pin.name, cargo)?;
    pin.check()?;
    stamp.finish()?;
    step.done("");
    Ok(())
}

impl Pin {
    fn read(pins: &Utf8Path) -> Result<Self> {
        let text = fs::read_to_string(pins)?;
        let line = text.lines().find(|line| !line.starts_with('#'));
        let words: Vec<&str> = line.unwrap_or_default().split(' ').collect();
        let [name, version, sha256] = words.as_slice() else {
            anyhow::bail!("failed to read `{pins}`: expected a name, a version and a digest on one line");
        };
        Ok(Self {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            sha256: sha256
                .parse()
                .with_context(|| format!("failed to read the digest in `{pins}`"))?,
        })
    }

    /// The crate that cargo has just installed from is the one that is pinned.
    fn check(&self) -> Result<()> {
        let file = format!("{}-{}.crate", self.name, self.version);
        let cache = programs::cargo_home()?.join("registry/cache");
        for registry in cache.read_dir_utf8()? {
            let path = registry?.path().join(&file);
            if path.is_file() && Sha256Digest::of_file(&path)?.sha256 == self.sha256 {
                return Ok(());
            }
        }
        let message = format!("failed to accept `{file}`: its digest is not the one that is pinned");
        Err(Failure::new(Exit::Integrity, message)
            .hint("find out which registry served it, and why it is another file")
            .into())
    }
}
