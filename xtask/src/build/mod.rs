//! `cargo xtask build`: programs, wheel, package, tarball and artifact manifest.

pub mod programs;

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::session::Session;

pub fn assets(session: &Session<'_>) -> Result<Utf8PathBuf> {
    Ok(session.dist()?.join("package/assets/python"))
}
